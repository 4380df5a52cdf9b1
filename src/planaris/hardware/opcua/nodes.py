"""The address space of a tool: one variable for each tag of the dictionary, block nodes, clock and identity."""

from __future__ import annotations

import dataclasses

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds

from planaris.dictionary import Dictionary, Variable
from planaris.hardware.opcua.space import (
    BLOCKS,
    CLOCK,
    IDENTITY,
    NAMESPACE_URI,
    TAGS,
    Identity,
    node_id,
    standard,
    to_variant,
)
from planaris.hardware.tags import STATE, Tag, TagTable

_READ = ua.AccessLevel.CurrentRead.mask
_READ_WRITE = _READ | ua.AccessLevel.CurrentWrite.mask
_OBJECTS = standard(ObjectIds.ObjectsFolder)


class SpaceBuilder:
    """Gathers nodes and adds them in one go."""

    def __init__(self, namespace: int) -> None:
        self._namespace = namespace
        self.items: list[ua.AddNodesItem] = []

    def node_id(self, name: str) -> ua.NodeId:
        """Return a node's id: its name in the tool's namespace."""
        return node_id(name, self._namespace)

    def folder(self, name: str, parent: ua.NodeId, description: str) -> ua.NodeId:
        """Add a folder."""
        attributes = ua.ObjectAttributes(
            DisplayName=ua.LocalizedText(name.rpartition("/")[2], "en"),
            Description=ua.LocalizedText(description, "en"),
        )
        kind = standard(ObjectIds.FolderType)
        return self._add(name, parent, ua.NodeClass.Object, attributes, kind, ObjectIds.Organizes)

    def variable(
        self,
        name: str,
        parent: ua.NodeId,
        value: ua.Variant,
        description: str,
        *,
        display: str = "",
        locale: str = "en",
        writable: bool = False,
        is_property: bool = False,
    ) -> ua.NodeId:
        """Add a variable or a property."""
        access = _READ_WRITE if writable else _READ
        attributes = ua.VariableAttributes(
            DisplayName=ua.LocalizedText(display or name.rpartition("/")[2], locale),
            Description=ua.LocalizedText(description, locale),
            Value=value,
            DataType=standard(getattr(ObjectIds, value.VariantType.name)),
            ValueRank=ua.Int32(ua.ValueRank.OneDimension if value.is_array else ua.ValueRank.Scalar),
            ArrayDimensions=[ua.UInt32(len(value.Value))] if isinstance(value.Value, list) else [],
            AccessLevel=ua.Byte(access),
            UserAccessLevel=ua.Byte(access),
        )
        kind = standard(ObjectIds.PropertyType if is_property else ObjectIds.BaseDataVariableType)
        by = ObjectIds.HasProperty if is_property else ObjectIds.HasComponent
        return self._add(name, parent, ua.NodeClass.Variable, attributes, kind, by)

    def _add(
        self, name: str, parent: ua.NodeId, node_class: ua.NodeClass, attributes: object, kind: ua.NodeId, by: int
    ) -> ua.NodeId:
        node = self.node_id(name)
        self.items.append(
            ua.AddNodesItem(
                ParentNodeId=parent,
                ReferenceTypeId=standard(by),
                RequestedNewNodeId=node,
                BrowseName=ua.QualifiedName(name.rpartition("/")[2], ua.UInt16(self._namespace)),
                NodeClass=node_class,
                NodeAttributes=attributes,
                TypeDefinition=kind,
            )
        )
        return node

    def tag(self, tag: Tag, variable: Variable, parent: ua.NodeId) -> None:
        """Add a tag's variable with its unit, range and Chinese text as properties."""
        node = self.variable(
            tag.name,
            parent,
            to_variant(tag, tag.initial),
            variable.text_en,
            display=variable.text_en,
            writable=tag.writable,
        )
        chinese = ua.Variant(ua.LocalizedText(variable.text_zh, "zh-CN"), ua.VariantType.LocalizedText)
        self.variable(f"{tag.name}/TextZh", node, chinese, "Text in Chinese", is_property=True)
        if variable.unit:
            unit = ua.Variant(variable.unit, ua.VariantType.String)
            self.variable(f"{tag.name}/Unit", node, unit, "Unit of the value", is_property=True)
        low, high = variable.template.minimum, variable.template.maximum
        if low is not None and high is not None:
            span = ua.Variant([float(low), float(high)], ua.VariantType.Double, is_array=True)
            self.variable(f"{tag.name}/Range", node, span, "Plausible range of the value", is_property=True)


async def build_space(server: Server, dictionary: Dictionary, tags: TagTable, identity: Identity) -> SpaceBuilder:
    """Add all nodes of a tool to a server and return what names them."""
    space = SpaceBuilder(await server.register_namespace(NAMESPACE_URI))
    _add_tags(space, dictionary, tags)
    _add_blocks(space, tags)
    clock = ua.Variant(0, ua.VariantType.Int64)
    space.variable(CLOCK, _OBJECTS, clock, "Clock of the PLC at the moment it is read, ns since 1970-01-01 UTC")
    about = space.folder(IDENTITY, _OBJECTS, "What stands behind this endpoint")
    for field in dataclasses.fields(Identity):
        value: str | float = getattr(identity, field.name)
        kind = ua.VariantType.String if isinstance(value, str) else ua.VariantType.Double
        space.variable(f"{IDENTITY}/{field.name}", about, ua.Variant(value, kind), field.name)
    for result in await server.iserver.isession.add_nodes(space.items):
        result.StatusCode.check()
    return space


def _add_tags(space: SpaceBuilder, dictionary: Dictionary, tags: TagTable) -> None:
    root = space.folder(TAGS, _OBJECTS, "Tags of the tool, by place")
    places: dict[str, ua.NodeId] = {}
    for tag in tags.values():
        variable = dictionary.variable(tag.name)
        if variable.place not in places:
            places[variable.place] = space.folder(f"{TAGS}/{variable.place}", root, f"Tags of {variable.place}")
        space.tag(tag, variable, places[variable.place])


def _add_blocks(space: SpaceBuilder, tags: TagTable) -> None:
    root = space.folder(BLOCKS, _OBJECTS, "Blocks of samples, one node for each rate class")
    for rate_class in tags.rate_classes:
        if rate_class == STATE:
            continue
        names = tags.of_class(rate_class)
        node = space.variable(f"{BLOCKS}/{rate_class}", root, ua.Variant(b"", ua.VariantType.ByteString), rate_class)
        columns = ua.Variant(list(names), ua.VariantType.String, is_array=True)
        space.variable(f"{BLOCKS}/{rate_class}/Columns", node, columns, "Tags of the columns", is_property=True)
