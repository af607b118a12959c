-- Bridge installer: if ace-bridge itself is not installed, the action "Install" offers to start ace-bridge's own
-- installer. This works if the scripts are in a copy of the project; ReaPack downloads only the scripts.

local dialog = require 'dialog'
local error_guard = require 'error_guard'
local files = require 'files'
local folders = require 'folders'
local home = require 'home'

local bridge_installer = {}

local DETACHED = -1 -- the ExecProcess timeout that means: do not wait
local STARTS = { -- system → suffix of the installer, and the command that opens it in a window of its own
  { '^Win', 'cmd', 'cmd.exe /c start "ACE Bridge" "%s"' },
  { '^OSX', 'command', '/usr/bin/open "%s"' },
  { '^macOS', 'command', '/usr/bin/open "%s"' },
  { '', 'command', 'x-terminal-emulator -e "%s"' },
}

-- Returns the path of the installer for this system, and the command that starts it.
local function installer()
  local system = reaper.GetOS()
  for _, start in ipairs(STARTS) do
    if system:find(start[1]) then
      local path = home.scripts_folder() .. folders.join('..', 'install', 'ace-bridge.' .. start[2])
      return path, start[3]:format(path)
    end
  end
end

-- Starts the installer if there is one and the user agrees. Otherwise stops the action with `problem`, a message that
-- says that the bridge is missing.
function bridge_installer.offer(problem)
  local path, command = installer()
  if not files.exists(path) then
    error_guard.refuse(problem .. '\n\nIf ace-bridge is not installed yet, download it, and double-click the installer '
      .. 'in its folder "install". Then run this action again.')
  end
  if dialog.confirm('ace-bridge itself is not installed for this REAPER yet. Start its installer?\n\n'
    .. 'The installer asks before it changes anything. Run this action again when it has finished.') then
    reaper.ExecProcess(command, DETACHED)
  end
end

return bridge_installer
