-- Peaks: builds the waveforms of placed results, a little per tick.

local peaks = {}

local BEGIN, GO_ON, END = 0, 1, 2 -- modes of PCM_Source_BuildPeaks

local building = {} -- {project, source}

function peaks.build(project, source)
  if reaper.PCM_Source_BuildPeaks(source, BEGIN) ~= 0 then
    building[#building + 1] = { project = project, source = source }
  end
end

function peaks.busy()
  return #building > 0
end

-- Builds a small part of the peaks. A failed build is not repeated, because REAPER builds missing peaks when it draws
-- the item.
function peaks.step()
  local one = table.remove(building, 1)
  if not one or not reaper.ValidatePtr2(one.project, one.source, 'PCM_source*') then return end
  if reaper.PCM_Source_BuildPeaks(one.source, GO_ON) == 0 then
    reaper.PCM_Source_BuildPeaks(one.source, END)
  else
    table.insert(building, 1, one)
  end
end

return peaks
