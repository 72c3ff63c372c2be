import Broker
import ContextModel
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
            let result = try await exchange.hub.writing.appendAttributes(
                to: try exchange.entityID(),
                json,
                overwrites: overwrites,
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
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
            let result = try await exchange.hub.writing.updateAttributes(
                of: try exchange.entityID(),
                json,
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
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
            try await exchange.hub.writing.updateAttribute(
                try exchange.capture("attrId"),
                of: try exchange.entityID(),
                json,
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
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
            try await exchange.hub.writing.replaceAttribute(
                try exchange.capture("attrId"),
                of: try exchange.entityID(),
                json,
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
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
            try await exchange.hub.writing.deleteAttribute(
                try exchange.capture("attrId"),
                of: try exchange.entityID(),
                datasetID: try exchange.items.text("datasetId").flatMap {
                    $0 == "@none" ? nil : $0
                },
                all: try exchange.items.flag("deleteAll"),
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}
