@echo off
rem Installs ace-bridge for this user, or updates and repairs it: double-click this file. ace-bridge.ps1 does the work.
setlocal
title ace-bridge
if not exist "%~dp0ace-bridge.ps1" goto :packed
where powershell.exe >nul 2>nul
if errorlevel 1 goto :missing
powershell.exe -NoProfile -ExecutionPolicy Bypass -Command "if ((Get-ExecutionPolicy) -notmatch 'Bypass|Unrestricted') { exit 9 }"
if errorlevel 9 goto :forbidden
powershell.exe -NoProfile -ExecutionPolicy Bypass -File "%~dp0ace-bridge.ps1"
set status=%errorlevel%
goto :end

:packed
echo ace-bridge.ps1 is missing. Unpack the whole zip file first, and start ace-bridge.cmd in the unpacked folder.
set status=1
goto :end

:missing
echo Windows PowerShell is missing or blocked. README.md describes other ways to install ace-bridge.
set status=1
goto :end

:forbidden
echo A policy of this computer forbids PowerShell scripts. README.md describes other ways to install ace-bridge.
set status=1

:end
echo.
pause
exit /b %status%
