"""The command ``room``: serve the meeting room, invite and revoke, and print the minutes."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sarcoma_review.room import Folder

room_app = typer.Typer(no_args_is_help=True, help="The live meeting room: serve it, invite to it, print its minutes.")
Data = Annotated[
    Path, typer.Option("--data", readable=False, help="The room's data folder; made if it is not there.")
]
Journal = Annotated[
    str | None, typer.Option("--registry", help="A registry elsewhere: its file, or postgresql://... .")
]
Meeting = Annotated[str, typer.Argument(help="The meeting's pseudonym.")]
Person = Annotated[str, typer.Argument(help="The member's pseudonym.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

# Imports stand inside the commands, so that --help answers at once.


def _folder(data: Path, journal: str | None) -> "Folder":
    from sarcoma_review.room import Folder

    return Folder(data, journal)


@room_app.command()
def serve(
    data: Data,
    port: Annotated[int, typer.Option(min=1, max=65535)],
    host: Annotated[
        str, typer.Option(help="Address to listen on; a web server with TLS stands before it.")
    ] = "127.0.0.1",
    origin: Annotated[
        list[str] | None, typer.Option(help="As browsers see the room, https://host; more than once if need be.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Before /room/ in addresses, such as /services/room.")] = "",
    journal: Journal = None,
) -> None:
    """Serve the room until stopped."""
    from sarcoma_review.room import serve as serve_room

    print(f"meeting room on http://{host}:{port}{prefix}/room/", flush=True)
    serve_room(_folder(data, journal), port, host=host, origins=origin or (), prefix=prefix)


@room_app.command("open")
def open_(
    meeting: Meeting,
    opening: Annotated[Path, typer.Argument(readable=False, help="JSON: title, on_date, mode, agenda, members.")],
    data: Data,
    journal: Journal = None,
) -> None:
    """Write down a meeting with its agenda and members."""
    from pydantic import ValidationError

    from sarcoma_review.meeting import OpenMeeting

    try:
        words = OpenMeeting.model_validate_json(opening.read_bytes())
    except ValidationError as faults:
        places = sorted({".".join(map(str, fault["loc"])) or "the whole" for fault in faults.errors()})
        raise typer.BadParameter(f"the meeting's file does not fit in: {', '.join(places)}") from None
    _folder(data, journal).open_meeting(meeting, words)
    print(f"open: {len(words.members)} member(s), {len(words.agenda)} case(s)")


@room_app.command()
def invite(  # noqa: PLR0913 (a new member is several words)
    meeting: Meeting,
    member: Person,
    data: Data,
    role: Annotated[str, typer.Option(help="Of a new member: presenter, member or observer.")] = "",
    unit: Annotated[str, typer.Option(help="Of a new member: code of the hospital.")] = "",
    profession: Annotated[str | None, typer.Option(help="Of a new member.")] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the link opens.")] = 14,
    base: Annotated[str, typer.Option(help="What stands before /room/ in the link.")] = "",
    journal: Journal = None,
) -> None:
    """Print a personal link. It is shown this once: only its hash is kept."""
    from pydantic import ValidationError

    from sarcoma_review.meeting import Member

    try:
        new: Any = member
        if role or unit:
            new = Member.model_validate({"id": member, "role": role, "unit": unit, "profession": profession})
    except ValidationError as faults:
        fields = sorted({str(fault["loc"][0]) for fault in faults.errors()})
        raise typer.BadParameter(f"the new member's {', '.join(fields)} cannot be taken") from None
    token = _folder(data, journal).invite(meeting, new, timedelta(days=days))
    print(f"{base.rstrip('/')}/room/{meeting}/#{token}")


@room_app.command()
def revoke(meeting: Meeting, member: Person, data: Data, journal: Journal = None) -> None:
    """Take an invitation back; open connections are closed at once."""
    _folder(data, journal).revoke(meeting, member)
    print("taken back")


@room_app.command()
def listen(
    meeting: Meeting,
    data: Data,
    hours: Annotated[int, typer.Option(min=1, max=24 * 31, help="How long the link opens.")] = 12,
    base: Annotated[str, typer.Option(help="What stands before /room/ in the link.")] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Take back every listening link of the meeting.")] = False,
    journal: Journal = None,
) -> None:
    """Print a link for listeners: one for all of them, without a vote and without a name."""
    from datetime import UTC, datetime

    from sarcoma_review.room.listening import listening_token, stop_listening

    folder = _folder(data, journal)
    folder.meeting(meeting)  # refused where there is none
    if stop:
        stop_listening(folder.path, meeting)
        print("taken back")
        return
    token = listening_token(folder.path, meeting, ends=datetime.now(UTC) + timedelta(hours=hours))
    print(f"{base.rstrip('/')}/room/{meeting}/feed/#{token}")


@room_app.command()
def relay(
    port: Annotated[int, typer.Option(min=1, max=65535)],
    room: Annotated[str, typer.Option(help="Where the room is reached.")] = "http://127.0.0.1:8765",
    host: Annotated[str, typer.Option(help="Address to listen on; a web server stands before it.")] = "127.0.0.1",
) -> None:
    """Tell hundreds of listeners at once what the room says once, in a process of its own."""
    from sarcoma_review.room.relay import serve_relay

    print(f"listeners' relay on http://{host}:{port}/, of {room}", flush=True)
    serve_relay(room, port, host=host)


@room_app.command()
def minutes(
    meeting: Meeting,
    data: Data,
    out: Annotated[Path, typer.Option(readable=False, help="Ending in .html, .pdf, or .csv for the actions alone.")],
    journal: Journal = None,
) -> None:
    """Write the minutes, made of the journal alone, with the hash over it."""
    from sarcoma_review.present.minutes import read_minutes
    from sarcoma_review.present.minutes_write import write_minutes

    registry = _folder(data, journal).registry()
    try:
        made = read_minutes(registry, meeting)
    finally:
        registry.close()
    write_minutes(made, out)
    print(f"minutes of {len(made.meeting.decisions)} decision(s), journal ends with {made.head[:16]}")
    raise typer.Exit(1 if made.problems else 0)
