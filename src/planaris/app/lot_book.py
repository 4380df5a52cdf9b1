"""The lots that a live tool knows: from files, or described in the command that makes their job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from planaris.app.endpoints import Endpoints, check_endpoints
from planaris.app.jobs import order_of
from planaris.app.run_to_run import check_run_to_run
from planaris.formats import JobFiles, describe_lot, fit_job
from planaris.historian import write_whole
from planaris.model import CleanerRecipe, InputError, Lot, Recipe, ToolDescription
from planaris.processes import ProcessPackage
from planaris.tool import CommandRequest, JobOrder, RecipeLibrary, RefusedError

_ORDERS = TypeAdapter(JobOrder)
_R = TypeVar("_R", Recipe, CleanerRecipe)


class LotBook:
    """Finds the order of a lot for `Verbs`; every order that a job was made of stands in ``folder``.

    A lot's recipes are its files', or the library's last released ones where the command names others, also by
    ``NAME@HASH``. ``package`` is that of all its wafers.
    """

    def __init__(
        self,
        tool: ToolDescription,
        package: ProcessPackage,
        library: RecipeLibrary,
        folder: Path,
        endpoints: Endpoints,
    ) -> None:
        self._tool, self._package, self._library = tool, package, library
        self._folder, self._endpoints = folder, endpoints
        self._files: dict[str, JobFiles] = {}
        self.orders: dict[str, JobOrder] = {}

    def lot(self, lot_id: str) -> Lot | None:
        """Return a lot that is known."""
        return self.lots.get(lot_id)

    @property
    def lots(self) -> Mapping[str, Lot]:
        """Every lot that is known, by id: what may stand on a load port."""
        return {**{i: f.lot for i, f in self._files.items()}, **{i: o.lot for i, o in self.orders.items()}}

    def know(self, files: JobFiles) -> None:
        """Take a lot in from its files. Raises InputError where its recipes cannot be run here."""
        self._check(files)
        self._files[files.lot.lot_id] = files

    def forget(self, lot_id: str) -> None:
        """Forget an order whose job is over and gone from memory; its file stays."""
        order = self.orders.pop(lot_id, None)
        if order is not None:
            left = {wafer.wafer_id for other in self.orders.values() for wafer in other.lot.wafers}
            self._endpoints.forget({wafer.wafer_id for wafer in order.lot.wafers} - left)

    def restore(self, wanted: Callable[[Lot], bool]) -> Mapping[str, JobOrder]:
        """Return the ``wanted`` orders of an earlier life of this tool; one that nobody can read is left out."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                order = _ORDERS.validate_json(path.read_bytes())
            except (OSError, ValueError):
                continue
            if wanted(order.lot):
                self._take(order)
        return self.orders

    def find(self, request: CommandRequest) -> JobOrder:
        """Return the order of the lot that a ``job.create`` names. Raises RefusedError with every reason."""
        lot_id = str(request.arguments["lot_id"])
        try:
            files = self._files_for(lot_id, request)
            self._check(files)
        except InputError as error:
            raise RefusedError("; ".join(str(fault) for fault in error.faults)) from error
        return order_of(files)

    def keep(self, order: JobOrder) -> None:
        """Write an order down before its job is there, also over a power failure, and know it from now on."""
        self._folder.mkdir(exist_ok=True)
        last = max((int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdecimal()), default=0)
        write_whole(self._folder / f"{last + 1:05d}.json", _ORDERS.dump_json(order))
        self._take(order)

    def _files_for(self, lot_id: str, request: CommandRequest) -> JobFiles:
        entry, cleaner_entry = str(request.arguments["recipe"]), str(request.arguments.get("cleaner_recipe", ""))
        known = self._files.get(lot_id)
        described = "slots" in request.arguments or "film_thickness_nm" in request.arguments
        own = known is not None and entry == known.recipe.name and cleaner_entry in ("", known.cleaner.name)
        if known is not None and own and not described:
            return known
        recipe = self._taken(entry, Recipe)
        cleaner = self._taken(cleaner_entry or recipe.cleaner_recipe, CleanerRecipe)
        if known is not None and not described:
            return fit_job(known.lot_file, recipe, cleaner, self._tool)
        missing = [name for name in ("slots", "film_thickness_nm") if name not in request.arguments]
        if missing:
            near = f"; lots that are known: {', '.join(self._files)}" if self._files else ""
            raise RefusedError(f"no lot {lot_id} is known, and its job does not say {' and '.join(missing)}{near}")
        port, given = int(request.arguments["load_port"]), request.arguments
        lot_file = describe_lot(lot_id, port, recipe, str(given["slots"]), float(given["film_thickness_nm"]))
        return fit_job(lot_file, recipe, cleaner, self._tool)

    def _taken(self, entry: str, kind: type[_R]) -> _R:
        recipe = self._library.recipe_of(self._library.take(entry))
        if not isinstance(recipe, kind):
            raise RefusedError(f"{entry} is no {'polish' if kind is Recipe else 'cleaner'} recipe")
        return recipe

    def _check(self, files: JobFiles) -> None:
        check_endpoints(files, self._package)
        check_run_to_run(files, self._package)

    def _take(self, order: JobOrder) -> None:
        self.orders[order.lot.lot_id] = order
        self._endpoints.add(order.lot)
