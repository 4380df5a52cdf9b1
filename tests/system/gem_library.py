"""A tool that keeps the recipes a host sends, and does as a test says when a job is started."""

from __future__ import annotations

from collections.abc import Callable

from gem_bench import BenchPorts

from planaris.formats import parse_recipe, recipe_hash
from planaris.model import RecipeKind, RecipeVersion
from planaris.tool import Answer, AnswerStatus, CommandRequest


class Library(BenchPorts):
    """Keeps what the host saves; ``on_start`` is called with each job.start."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = self._keep
        self.on_start: Callable[[], object] = lambda: None

    async def _keep(self, request: CommandRequest) -> Answer:
        if request.verb == "recipe.save":
            text = str(request.arguments["text"])
            recipe = parse_recipe(text, "x", None)
            self.library.append(
                RecipeVersion(RecipeKind.POLISH, recipe.name, recipe_hash(recipe), "1", text, request.principal)
            )
        if request.verb == "recipe.obsolete":
            self.library = []
        if request.verb == "job.start":
            self.on_start()
        return Answer("C1", AnswerStatus.DONE)
