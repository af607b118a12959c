-- Fields: the controls of the ReaImGui dialog. Each knob is a parameter of the chosen engine.

local estimate = require 'estimate'
local home = require 'home'
local json = require 'json'
local track_sound = require 'track_sound'

local fields = {}

local PARTS = { '[verse]', '[chorus]', '[bridge]', '[inst]' } -- section tags, each inserted on its own line
local MODES = { 'new_track', 'take', 'lane' }
local MODE_NAMES = { new_track = 'a new track below', take = 'a take', lane = 'a fixed lane' }
local SOUNDS = {
  { track_sound.ITEM, 'the item', 'Before the effects of the track.' },
  { track_sound.TRACK, 'the track', 'As heard on the track, with its effects. REAPER must render it first.' },
}
local DIFFERENT = 'different for each track'
local NOW = 'original_tags' -- knob for the description of the clip; it has a field of its own
local AUTOMATIC = 'described automatically'
local LYRICS_HEIGHT = 90 -- pixels
local FILL = 0
local MOST_VARIATIONS, HIGHEST_SEED = 16, 4294967295

-- Returns the values that the fields need to show the user's choices.
function fields.from(choices)
  local remix = choices.remix
  local form = { preset = remix.preset or '', tags = remix.tags or '', lyrics = remix.lyrics or '', knobs = {},
    engine = remix.engine or '', seed = ('%d'):format(remix.seed or 0), is_random = remix.seed == nil,
    variations = remix.variations or 1, mode = choices.placement.mode, mute = choices.placement.source == 'mute' }
  for name, value in pairs(remix) do form.knobs[name] = value end
  return form
end

-- Returns the engine whose knobs are shown. If the choice is "automatic", this is the first engine.
local function engine_of(form)
  return estimate.engine(form.engine) or (home.catalogue().engines or {})[1] or { knobs = {}, takes_lyrics = true }
end

-- Returns the seed in the fields, or nil if it is no valid seed. The field is a text, because ReaImGui's integers have
-- only 31 bits and a sign.
local function seed_of(form)
  local seed = tonumber(form.seed:match('^%s*(%d+)%s*$'))
  return seed and seed <= HIGHEST_SEED and seed or nil
end

-- Returns why the choices in the fields cannot be sent, or nil.
function fields.problem(form)
  if form.is_random or seed_of(form) then return nil end
  return ('The seed must be a whole number from 0 to %d.'):format(HIGHEST_SEED)
end

-- Returns the choices that the fields contain, without empty fields and without knobs at their defaults.
function fields.choices(form)
  local engine = engine_of(form)
  local remix = { variations = form.variations, seed = not form.is_random and seed_of(form) or nil }
  for _, key in ipairs({ 'preset', 'tags', 'engine' }) do
    local text = form[key]:match('^%s*(.-)%s*$')
    if text ~= '' then remix[key] = text end
  end
  if engine.takes_lyrics and form.lyrics:match('%S') then remix.lyrics = form.lyrics end
  for _, knob in ipairs(engine.knobs) do
    local value = form.knobs[knob.name]
    if value ~= nil and value ~= '' and value ~= knob.default then remix[knob.name] = value end
  end
  local placement = { mode = form.mode, source = form.mute and 'mute' or 'keep' }
  return { remix = remix, placement = placement, sound = form.sound }
end

-- Drawing -------------------------------------------------------------------------------------------------------------

-- Draws a drop-down list of `options`, each of which is {value, text, help}. Returns the chosen value.
local function choose(ImGui, context, label, value, options)
  local shown = tostring(value)
  for _, option in ipairs(options) do
    if option[1] == value then shown = option[2] end
  end
  if not ImGui.BeginCombo(context, label, shown) then return value end
  for _, option in ipairs(options) do
    if ImGui.Selectable(context, option[2], option[1] == value) then value = option[1] end
    if option[3] and ImGui.IsItemHovered(context) then ImGui.SetTooltip(context, option[3]) end
  end
  ImGui.EndCombo(context)
  return value
end

local function presets()
  local options = { { '', '(none)' } }
  for _, preset in ipairs(home.catalogue().presets) do
    options[#options + 1] = { preset.name, preset.title or preset.name, preset.description }
  end
  return options
end

local function engines()
  local options = { { '', 'automatic' } }
  for _, engine in ipairs(home.catalogue().engines or {}) do options[#options + 1] = { engine.name, engine.label } end
  return options
end

local function draw_lyrics(ImGui, context, form)
  local _
  _, form.lyrics = ImGui.InputTextMultiline(context, 'Lyrics', form.lyrics, FILL, LYRICS_HEIGHT)
  for i, part in ipairs(PARTS) do
    if i > 1 then ImGui.SameLine(context) end
    if ImGui.Button(context, part) then
      local gap = form.lyrics:match('[^\n]$') and '\n' or ''
      form.lyrics = form.lyrics .. gap .. part .. '\n'
    end
  end
end

-- Returns a knob's label. ReaImGui identifies the knob by the text after ###, so the visible text may change.
local function label_of(knob, value)
  return knob.name:gsub('_', ' ') .. (value == nil and ' (engine default)' or '') .. '###' .. knob.name
end

local DRAW = {
  float = function(ImGui, context, knob, value)
    local label = label_of(knob, value)
    local changed, now = ImGui.SliderDouble(context, label, value or knob.low, knob.low, knob.high)
    return changed and now or value
  end,
  int = function(ImGui, context, knob, value)
    local low, high = math.floor(knob.low), math.floor(knob.high)
    local changed, now = ImGui.SliderInt(context, label_of(knob, value), math.floor(value or low), low, high)
    return changed and now or value
  end,
  text = function(ImGui, context, knob, value)
    local changed, now = ImGui.InputText(context, label_of(knob, value or ''), value or '')
    return changed and now or value
  end,
  choice = function(ImGui, context, knob, value)
    local options = {}
    for i, choice in ipairs(knob.choices) do options[i] = { choice, choice } end
    return choose(ImGui, context, label_of(knob, value), value or '', options)
  end,
}

local function draw_knobs(ImGui, context, form)
  for _, knob in ipairs(engine_of(form).knobs) do
    local value = form.knobs[knob.name]
    if value == nil then value = json.maybe(knob.default) end
    local draw = knob.name ~= NOW and DRAW[knob.kind]
    if draw then form.knobs[knob.name] = draw(ImGui, context, knob, value) end
    if draw and ImGui.IsItemHovered(context) then ImGui.SetTooltip(context, knob.help) end
  end
end

-- Draws the description of the clip if the engine takes one. While it is empty, shows what the bridge heard, `heard`.
local function draw_now(ImGui, context, form, heard)
  for _, knob in ipairs(engine_of(form).knobs) do
    if knob.name == NOW then
      local value, _ = json.maybe(form.knobs[NOW]) or '', nil
      _, form.knobs[NOW] = ImGui.InputTextWithHint(context, 'What the clip is now###' .. NOW, heard or AUTOMATIC, value)
      if ImGui.IsItemHovered(context) then ImGui.SetTooltip(context, knob.help) end
    end
  end
end

local function draw_seed(ImGui, context, form)
  local _
  _, form.is_random = ImGui.Checkbox(context, 'Random seed', form.is_random)
  ImGui.BeginDisabled(context, form.is_random)
  _, form.seed = ImGui.InputText(context, 'Seed', form.seed, ImGui.InputTextFlags_CharsDecimal)
  ImGui.EndDisabled(context)
end

local function draw_sound(ImGui, context, form)
  local sound = choose(ImGui, context, 'Sound of', form.sound or DIFFERENT, SOUNDS)
  form.sound = sound ~= DIFFERENT and sound or nil
end

local function draw_place(ImGui, context, form)
  local options, _ = {}, nil
  for i, mode in ipairs(MODES) do options[i] = { mode, MODE_NAMES[mode] } end
  form.mode = choose(ImGui, context, 'Place as', form.mode, options)
  _, form.mute = ImGui.Checkbox(context, 'Mute the source', form.mute)
end

-- Draws all fields and stores the user's changes in `form`. `heard` is what the bridge heard in the clip, or nil.
function fields.draw(ImGui, context, form, heard)
  local _
  form.preset = choose(ImGui, context, 'Preset', form.preset, presets())
  _, form.tags = ImGui.InputText(context, 'Tags', form.tags)
  draw_now(ImGui, context, form, heard)
  form.engine = choose(ImGui, context, 'Engine', form.engine, engines())
  if engine_of(form).takes_lyrics then draw_lyrics(ImGui, context, form) end
  draw_knobs(ImGui, context, form)
  draw_seed(ImGui, context, form)
  _, form.variations = ImGui.SliderInt(context, 'Variations', form.variations, 1, MOST_VARIATIONS)
  draw_sound(ImGui, context, form)
  draw_place(ImGui, context, form)
end

return fields
