import Broker
import ContextModel
import Federation
import Hummingbird

extension NGSILDRoutes {
    /// The attributes of an entity (clauses 6.6 and 6.7).
    mutating func addAttributeRoutes() {
        addAppendAttributes()
        addUpdateAttributes()
        addUpdateAttribute()
        addReplaceAttribute()
        addDeleteAttribute()
    }

    private mutating func addAppendAttributes() {
        add(
            RouteDescription(
                .post,
                Paths.attributes,
                .contextInformation,
                "Append attributes",
                clause: "6.6.3.1",
                query: [.type, .options],
                accepts: bodies,
                body: .entityFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write)
            let overwrites = try !exchange.items.option("noOverwrite", of: ["noOverwrite"])
            let change = try exchange.change(
                .appendAttrs,
                body: json,
                passing: ["options"],
                ld
            )
            let result = try await exchange.distributed(change, ld) { rest in
                try await exchange.hub.writing.appendAttributes(
                    to: change.id,
                    rest ?? json,
                    overwrites: overwrites,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result)
        }
    }

    private mutating func addUpdateAttributes() {
        add(
            RouteDescription(
                .patch,
                Paths.attributes,
                .contextInformation,
                "Update attributes",
                clause: "6.6.3.2",
                query: [.type],
                accepts: patches,
                body: .entityFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write, allowing: patchTypes)
            let change = try exchange.change(.updateEntity, body: json, ld)
            let result = try await exchange.distributed(change, ld) { rest in
                try await exchange.hub.writing.updateAttributes(
                    of: change.id,
                    rest ?? json,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result)
        }
    }

    private mutating func addUpdateAttribute() {
        add(
            RouteDescription(
                .patch,
                Paths.attribute,
                .contextInformation,
                "Update an attribute partially",
                clause: "6.7.3.1",
                query: [.type],
                accepts: patches,
                body: .attribute,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write, allowing: patchTypes)
            let name = try exchange.capture("attrId")
            let change = try exchange.change(.updateAttrs, attribute: name, body: json, ld)
            let result = try await exchange.distributed(change, ld) { _ in
                try await exchange.hub.writing.updateAttribute(
                    name,
                    of: change.id,
                    json,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result, of: change.id) { exchange.answer(.noContent) }
        }
    }

    private mutating func addReplaceAttribute() {
        add(
            RouteDescription(
                .put,
                Paths.attribute,
                .contextInformation,
                "Replace an attribute",
                clause: "6.7.3.3",
                query: [.type],
                accepts: bodies,
                body: .attribute,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write)
            let name = try exchange.capture("attrId")
            let change = try exchange.change(.replaceAttrs, attribute: name, body: json, ld)
            let result = try await exchange.distributed(change, ld) { _ in
                try await exchange.hub.writing.replaceAttribute(
                    name,
                    of: change.id,
                    json,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result, of: change.id) { exchange.answer(.noContent) }
        }
    }

    private mutating func addDeleteAttribute() {
        add(
            RouteDescription(
                .delete,
                Paths.attribute,
                .contextInformation,
                "Delete an attribute",
                clause: "6.7.3.2",
                query: [.type, .datasetID, .deleteAll],
                status: 204
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let name = try exchange.capture("attrId")
            let change = try exchange.change(
                .deleteAttrs,
                attribute: name,
                passing: ["datasetId", "deleteAll"],
                ld
            )
            let dataset = try exchange.items.text("datasetId")
            let deletesAll = try exchange.items.flag("deleteAll")
            let result = try await exchange.distributed(change, ld) { _ in
                try await exchange.hub.writing.deleteAttribute(
                    name,
                    of: change.id,
                    datasetID: dataset == "@none" ? nil : dataset,
                    all: deletesAll,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result, of: change.id) { exchange.answer(.noContent) }
        }
    }
}
