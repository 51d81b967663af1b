"""Boards: many strategies, each beside the list of trades that Pine made of it."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.parity import actions
from apps.parity.forms import BoardForm, BoardRows
from apps.parity.models import Board
from apps.permissions.models import User
from hewston.http import send_csv, status_of, telling
from hewston.pipeline.errors import HewstonError
from hewston.taskqueue import Status, read_log
from hewston.uploads import read_upload

_PAGE = 25


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """List boards, the newest first."""
    mine = Board.objects.visible_to(request.user).defer("rows", "spec", "ignored")
    found = mine.select_related("revision__dataset", "owner")
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    return render(request, "parity/boards.html", {"page": page, "rows": list(page.object_list)})


@require_http_methods(["GET", "HEAD", "POST"])
def new_board(request: HttpRequest) -> HttpResponse:
    """Ask for a board with a zip of pairs."""
    given = request.POST if request.method == "POST" else request.GET
    form, status = BoardForm(user=cast("User", request.user), given=given.dict()), 200
    if request.method == "POST":
        try:
            made = form.submit(upload=read_upload(request))
        except HewstonError as problem:
            form.problem, status = problem, status_of(problem)
        else:
            return redirect("board", made.pk)
    page = {"form": form, "most_bytes": settings.UPLOAD_BYTES}
    return render(request, "parity/board_new.html", page, status=status)


@require_safe
def board(request: HttpRequest, board_id: str) -> HttpResponse:
    """Show one board: how far it is, why it failed, or its pairs."""
    found = _find(request, board_id)
    page = {"board": found, "dataset": found.revision.dataset, "log": read_log(found.pk)}
    if found.status == Status.DONE:
        user = cast("User", request.user)
        earlier, changes = actions.compare_with_earlier(board=found, user=user)
        rows = BoardRows(found.read_rows(), request.GET)
        page |= {"rows": rows, "earlier": earlier, "changes": changes}
    return render(request, "parity/board.html", page)


@require_POST
def stop_board(request: HttpRequest, board_id: str) -> HttpResponse:
    """Stop a board."""
    found = _find(request, board_id)
    with telling(request):
        actions.cancel_board(board=found)
    return redirect("board", found.pk)


@require_POST
def play_again(request: HttpRequest, board_id: str) -> HttpResponse:
    """Play the same pairs once more."""
    found = _find(request, board_id)
    with telling(request):
        found = actions.board_again(board=found)
    return redirect("board", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete_board(request: HttpRequest, board_id: str) -> HttpResponse:
    """Ask whether a board shall go, and remove it."""
    found = _find(request, board_id)
    if request.method != "POST":
        return render(request, "parity/board_delete.html", {"board": found})
    try:
        actions.delete_board(board=found)
    except HewstonError as refusal:
        messages.error(request, refusal.message)
        return redirect("board", found.pk)
    messages.success(request, f"Board {board_id} is deleted.")
    return redirect("boards")


@require_safe
def board_csv(request: HttpRequest, board_id: str) -> HttpResponse:
    """Give a board's pairs as CSV."""
    found = _find_done(request, board_id)
    return send_csv(f"board-{found.pk}.csv", *actions.tabulate_board(found))


@require_safe
def board_json(request: HttpRequest, board_id: str) -> HttpResponse:
    """Give a board and its pairs as JSON."""
    found = _find_done(request, board_id)
    headers = {"Content-Disposition": f'attachment; filename="board-{found.pk}.json"'}
    return JsonResponse(actions.describe_board(found), headers=headers)


def _find(request: HttpRequest, board_id: str) -> Board:
    mine = Board.objects.visible_to(request.user).select_related("revision__dataset", "owner")
    return get_object_or_404(mine, pk=board_id)


def _find_done(request: HttpRequest, board_id: str) -> Board:
    found = _find(request, board_id)
    if found.status != Status.DONE:
        raise Http404
    return found
