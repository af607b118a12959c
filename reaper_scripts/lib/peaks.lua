-- Peaks: the waveform of what was placed, built a little per tick.

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

function peaks.step()
  local one = building[1]
  if not one then return end
  if not reaper.ValidatePtr2(one.project, one.source, 'PCM_source*') then
    table.remove(building, 1)
  elseif reaper.PCM_Source_BuildPeaks(one.source, GO_ON) == 0 then
    reaper.PCM_Source_BuildPeaks(one.source, END)
    table.remove(building, 1)
  end
end

return peaks
