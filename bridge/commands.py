"""THE command table: everything that can be asked of the bridge from a surface, and everything that it tells surfaces.

menu | key | MIDI | OSC | panel | CLI → this table → `Bridge` (the scheduler's side, implemented by the daemon).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bridge.arguments import Argument, checked, from_surface
from bridge.errors import RequestError

ROOT = "/bridge"
Value = str | int | float | bool  # what a parameter may be set to from a surface
Values = Mapping[str, Any]  # a command's arguments by name, checked


# --- what executes the commands --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pong:
    """Who answers."""

    version: str  # of the package
    protocol: int  # highest message protocol that it speaks


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request was taken on."""

    message_id: str  # of the message that the bridge wrote for it
    job_id: str


@dataclass(frozen=True, slots=True)
class ClipAsk:
    """A whole request in one message, for a script of the user's own."""

    path: str  # absolute path of the audio file
    offset: float  # s from the file's start
    length: float | None  # s; None: to the file's end
    position: float | None  # s on a timeline of the asker's own, carried into the result's time stamp; None: none
    preset: str  # "" is the one that is selected


@dataclass(frozen=True, slots=True)
class JobView:
    """What surfaces show of a job."""

    id: str
    state: str  # a word of bridge.job.State
    fraction: float  # 0..1 of the whole job
    message: str  # the last line for people
    cost: float  # money: billed once that is known, else estimated


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a surface needs to show the present state."""

    jobs: tuple[JobView, ...]  # the open ones and the newest one, oldest first
    preset: str  # name of the selected preset, "" for none
    params: Mapping[str, Value]  # what the next remix from a surface gets: the preset and what was set over it
    heard: str = ""  # the side that is played: "source", "result", or "" when nothing is


class Bridge(Protocol):
    """What the commands ask of the daemon. Every method raises BridgeErrors, which the surface tells its user.

    Methods without `async` return at once and touch only memory. What happens is told over the event bus:

    - Event("job", job_id, data={"state", "cost"}) at each change of a job's state or cost;
    - Event("progress", job_id, data={"fraction", "message"}), either may be missing;
    - Event("variation", job_id, variation_id, data={"state", "path"}), `path` once the result's final file is there;
    - Event("alert", job_id or "", data={"code", "text"}) for each error or warning that a person should see,
      one of a job within a second of that job's end;
    - Event("audition", data={"heard"}), the name of the side that is heard now, "" when none is;
    - Event("preset", data={"name"}) and Event("param", data={"name", "value"}) when something was chosen or set,
      published before the command returns: so a surface knows whose hand it was.
    """

    def ping(self) -> Pong: ...

    async def inbox(self, message_id: str) -> Accepted | None:
        """Look into the inbox at once; tell what became of `message_id` ("" if not given), if it made a job."""
        ...

    async def clip(self, ask: ClipAsk) -> Accepted:
        """Take on a remix of a span of a file, placed by the folder adapter."""
        ...

    async def remix(self) -> Accepted:
        """Ask the DAW that said hello last for its selection and remix it.

        Raises:
            DawMissing: there is none, or it does not answer.
        """
        ...

    async def cancel(self, job: str) -> None:
        """Stop a job; "" is the newest open one. A unique beginning of an id is enough, here and below."""
        ...

    async def rerun(self, job: str) -> Accepted:
        """Make a new job from a job's recipe; "" is the newest one."""
        ...

    def select_preset(self, name: str) -> None: ...

    def step_preset(self, steps: int) -> None:
        """Select the next (+1) or previous (-1) preset, round in a circle."""
        ...

    def set_param(self, name: str, value: Value) -> None:
        """Set a parameter or `amount` over the preset for the remixes to come (ParamUnknown, ParamInvalid)."""
        ...

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        """Play a variation ("" is the newest that has a result), or the clip it was made from.

        While that variation is played already, only the side changes, at the same place and equally loud.
        """
        ...

    async def switch_audition(self) -> None:
        """Let the other side be heard; where nothing is played, begin with the newest result."""
        ...

    async def loop_audition(self, on: bool | None) -> None:
        """Begin again at the end, or not; None turns it over."""
        ...

    async def stop_audition(self) -> None: ...

    def snapshot(self) -> Snapshot: ...


# --- the tables ------------------------------------------------------------------------------------------------------

Outcome = Pong | Accepted | None
Run = Callable[[Bridge, Values], Outcome | Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be asked."""

    name: str  # for keys, MIDI mappings and the CLI
    address: str  # OSC; a part in <angle brackets> is the argument of that name
    help: str
    run: Run | None  # None: the surface's own affair (subscribe, unsubscribe, refresh)
    arguments: tuple[Argument, ...] = ()
    needs_daw: bool = False  # without a DAW that said hello it is an error
    spends: bool = False  # may cost money: long press on MIDI, token or secret from another machine
    tells_preset: bool = False  # a sender that has not subscribed is answered with the preset that is selected now
    button: bool = False  # a number among the arguments is a button's state: 0 and F are its release, and ignored

    idempotent: bool = False  # a button that may be pressed twice for once without harm

    @property
    def once(self) -> bool:
        """Tell whether a press that a bad way has delivered twice has to be known again."""
        return self.run is not None and (self.spends or self.button) and not self.idempotent

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the few words of which one may stand behind the address: hardware buttons send nothing else."""
        return next((argument.choices for argument in self.arguments if argument.choices and self.button), ())


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that surfaces are told."""

    address: str  # with <parts> that are filled in
    help: str
    arguments: tuple[Argument, ...] = ()
    to_sender: bool = False  # an answer to the one who asked; otherwise to all subscribers


_JOB = Argument("job", "text", "id of the job or its first characters; without it the newest", default="")
_PRESET = Argument("preset", "text", "name of a preset; without it the one that is selected", default="")
_DAY = 86400.0


def _clip(bridge: Bridge, values: Values) -> Awaitable[Accepted]:
    """Turn the sentinels, which stand for what OSC cannot leave out in the middle, into None."""
    position = values["position"]
    return bridge.clip(
        ClipAsk(
            path=values["path"],
            offset=values["offset"],
            length=values["length"] or None,
            position=None if position < 0 else position,
            preset=values["preset"],
        )
    )


COMMANDS: tuple[Command, ...] = (
    Command("ping", "/bridge/ping", "Ask whether the bridge is there; it answers /bridge/pong.", lambda b, v: b.ping()),
    Command(
        "inbox",
        "/bridge/inbox",
        "Say that a message file was written into the inbox, so that it is taken in at once; with its id, the answer "
        "names the job that it made.",
        lambda b, v: b.inbox(v["message_id"]),
        (Argument("message_id", "text", "id of the message", default=""),),
        button=True,
        idempotent=True,
    ),
    Command(
        "clip",
        "/bridge/clip",
        "Remix a span of an audio file, the whole request in one message; the answer, the progress and the result's "
        "path go to the sender.",
        _clip,
        (
            Argument("token", "text", "`token` of daemon.json", required=True),
            Argument("path", "path", "absolute path of the audio file", required=True, longest=4096),
            Argument("offset", "number", "s from the file's start", default=0.0, low=0.0, high=_DAY),
            Argument("length", "number", "s; 0 is to the file's end", default=0.0, low=0.0, high=_DAY),
            Argument("position", "number", "s on your timeline; -1 is none", default=-1.0, low=-1.0, high=_DAY),
            _PRESET,
        ),
        spends=True,
    ),
    Command(
        "remix",
        "/bridge/remix",
        "Remix what is selected in the DAW that said hello last.",
        lambda b, v: b.remix(),
        needs_daw=True,
        spends=True,
        button=True,
    ),
    Command("cancel", "/bridge/cancel", "Stop a job.", lambda b, v: b.cancel(v["job"]), (_JOB,), button=True),
    Command(
        "rerun",
        "/bridge/rerun",
        "Make a new job from the recipe of one.",
        lambda b, v: b.rerun(v["job"]),
        (_JOB,),
        spends=True,
        button=True,
    ),
    Command(
        "preset.select",
        "/bridge/preset/select",
        "Select a preset.",
        lambda b, v: b.select_preset(v["name"]),
        (Argument("name", "text", "name of the preset", required=True),),
        tells_preset=True,
        button=True,
        idempotent=True,
    ),
    Command(
        "preset.next",
        "/bridge/preset/next",
        "Select the next preset.",
        lambda b, v: b.step_preset(1),
        tells_preset=True,
        button=True,
    ),
    Command(
        "preset.previous",
        "/bridge/preset/previous",
        "Select the previous preset.",
        lambda b, v: b.step_preset(-1),
        tells_preset=True,
        button=True,
    ),
    Command(
        "param",
        "/bridge/param/<name>",
        "Set a parameter over the preset, for the remixes to come.",
        lambda b, v: b.set_param(v["name"], from_surface(v["name"], v["value"])),
        (
            Argument("name", "text", "name of the parameter, in the address", required=True),
            Argument("value", "value", "the value, within the parameter's range", required=True),
        ),
    ),
    Command(
        "audition",
        "/bridge/audition",
        "Play a variation, or the clip it was made from; while it is played, change the side at the same place.",
        lambda b, v: b.audition(v["variation"], v["which"]),
        (
            Argument("variation", "text", "id of the variation; without it the newest with a result", default=""),
            Argument("which", "text", "which side", default="result", choices=("source", "result")),
        ),
        button=True,
    ),
    Command(
        "audition.switch",
        "/bridge/audition/switch",
        "Let the other side be heard, at the same place and equally loud; begin with the newest result.",
        lambda b, v: b.switch_audition(),
        button=True,
    ),
    Command(
        "audition.loop",
        "/bridge/audition/loop",
        "Begin again at the end, or not.",
        lambda b, v: b.loop_audition({"on": True, "off": False}.get(v["how"])),
        (Argument("how", "text", "which of them; without it the other one", default="", choices=("on", "off")),),
        button=True,
    ),
    Command(
        "audition.stop",
        "/bridge/audition/stop",
        "Stop playing.",
        lambda b, v: b.stop_audition(),
        button=True,
        idempotent=True,
    ),
    Command(
        "subscribe",
        "/bridge/subscribe",
        "Be told of everything that happens from now on, beginning with the present state.",
        None,
        (Argument("port", "port", "UDP port to tell; without it the one this came from", low=1, high=65535),),
    ),
    Command("refresh", "/bridge/refresh", "Tell the present state once more.", None, button=True),
    Command("unsubscribe", "/bridge/unsubscribe", "Be told no more.", None, button=True),
    Command(
        "unlock",
        "/bridge/unlock",
        "From another machine: let this sender ask for what may cost money, for a while.",
        None,
        (Argument("secret", "text", "`[osc] secret` of the bridge's settings", required=True),),
    ),
)

_CODE = Argument("code", "text", "the error's stable name, see errors.md")
_TEXT = Argument("text", "text", "one sentence for people")
_STATE = Argument("state", "text", "a word of the list of states")
_FRACTION = Argument("fraction", "number", "how far it is", low=0.0, high=1.0)
_MESSAGE_ID = Argument("message_id", "text", "id of the message that it answers, empty where there is none")

MESSAGES: tuple[Message, ...] = (
    Message(
        "/bridge/pong",
        "The answer to /bridge/ping.",
        (Argument("version", "text", "of the bridge"), Argument("protocol", "number", "of its messages")),
        to_sender=True,
    ),
    Message(
        "/bridge/accepted",
        "The request was taken on.",
        (_MESSAGE_ID, Argument("job_id", "text", "the job that came of it")),
        to_sender=True,
    ),
    Message("/bridge/error", "That could not be done.", (_MESSAGE_ID, _CODE, _TEXT), to_sender=True),
    Message(
        "/bridge/ack",
        "A message with a name of its own has arrived; before its answer, and again for each repetition.",
        (Argument("press", "text", "what stood behind “press:”"),),
        to_sender=True,
    ),
    Message(
        "/bridge/unlocked",
        "What may cost money is taken from you now.",
        (Argument("seconds", "number", "how long"),),
        to_sender=True,
    ),
    Message(
        "/bridge/job/<id>/path",
        "Where a result of your /bridge/clip lies; once for each variation.",
        (Argument("path", "path", "absolute path"), Argument("variation", "text", "id of the variation")),
        to_sender=True,
    ),
    Message("/bridge/job", "A job's state.", (Argument("id", "text", "id of the job"), _STATE)),
    Message("/bridge/job/<id>/progress", "A job's progress.", (_FRACTION,)),
    Message("/bridge/job/<id>/message", "What a job is at.", (_TEXT,)),
    Message("/bridge/progress", "Progress of the newest job, for a single fader.", (_FRACTION,)),
    Message(
        "/bridge/message",
        "What the newest job is at, or what went wrong last: one line for a display.",
        (_TEXT,),
    ),
    Message("/bridge/state", "State of the newest job, idle when there is none.", (_STATE,)),
    Message(
        "/bridge/cost",
        "Cost of the newest job: what was billed, or the estimate until that is known.",
        (Argument("amount", "number", "money, in the engine's currency"),),
    ),
    Message(
        "/bridge/param/<name>",
        "A parameter was set; not sent to the hand that sets it before it rests.",
        (Argument("value", "value", "the new value"),),
    ),
    Message(
        "/bridge/preset/select",
        "A preset was selected; not sent to the subscriber that selected it by name. Also the answer to a sender of "
        "/bridge/preset/select, next or previous that has not subscribed.",
        (Argument("name", "text", "name of the preset"),),
    ),
    Message(
        "/bridge/audition/heard",
        "What is played now.",
        (Argument("side", "text", "source or result, empty when nothing is played", choices=("source", "result", "")),),
    ),
    Message("/bridge/alert", "Something that a person should see.", (_CODE, _TEXT)),
    Message("/bridge/heartbeat", "The bridge is alive; every few seconds."),
)

_BY_ADDRESS = {command.address: (command, ()) for command in COMMANDS if "<" not in command.address} | {
    f"{command.address}/{side}": (command, (side,)) for command in COMMANDS for side in command.sides
}
_PARAM = next(command for command in COMMANDS if command.name == "param")
PARAM_PREFIX = _PARAM.address.removesuffix("<name>")


# --- from an address and raw arguments to a checked call --------------------------------------------------------------


def find(address: str) -> tuple[Command, tuple[str, ...]] | None:
    """Return the command of an OSC address and the arguments that the address itself carries, or None."""
    if found := _BY_ADDRESS.get(address):
        return found
    name = address.removeprefix(PARAM_PREFIX)
    if name and name != address and "/" not in name:
        return _PARAM, (name,)
    return None


def read(command: Command, raw: Sequence[Any]) -> dict[str, Any] | None:
    """Check arguments as they came from a surface; arguments beyond the table's are ignored.

    Returns:
        The arguments by name, or None when it was only the release of a button.

    Raises:
        RequestError: an argument is missing or wrong; the text names it.
    """
    given = list(raw)
    if command.button:
        state = [value for value in given if isinstance(value, (bool, int, float))]
        if state and not any(state):
            return None
        given = [value for value in given if not isinstance(value, (bool, int, float))]
    if command.name == "audition" and given[:1] in (["source"], ["result"]):
        given.insert(0, "")  # a surface names the side far more often than the variation
    values: dict[str, Any] = {}
    for index, argument in enumerate(command.arguments):
        value = given[index] if index < len(given) else None
        if value is None and argument.required:
            raise RequestError(f"{command.address} needs its argument {argument.name}: {argument.help}.")
        values[argument.name] = argument.default if value is None else checked(command.address, argument, value)
    return values
