import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

/// The OGC SensorThings API 1.1, part 1: sensing (OGC 18-088), for reading.
///
/// Programs that know it read the city's sensors with nothing between. What writes is NGSI-LD.
extension NGSILDRoutes {
    mutating func addSensorThingsRoutes() {
        add(
            sensorThings("", "List the entity sets of the SensorThings API", query: [])
        ) { exchange in
            exchange.json(ThingsService(base: exchange.base).root)
        }
        var path = ""
        for (part, summary) in Self.parts {
            path += "/{\(part)}"
            add(sensorThings(path, summary, query: Self.options)) { try await $0.answerThings() }
        }
    }

    /// A path has as many parts as relations that it goes along; each has an explanation.
    private static let parts = [
        ("thingsSet", "Query a set of SensorThings (Datastreams, or one: Things('urn:…'))"),
        ("relation", "Follow a relation of SensorThings (…/Datastreams, or a property)"),
        ("further", "Follow two relations of SensorThings (…/Datastreams('…')/Observations)"),
        ("last", "Follow three relations of SensorThings (…, or a bare value: $value)"),
    ]

    private static let options = [
        QueryParameter(
            "$filter",
            "A condition: result gt 5 and phenomenonTime ge 2026-01-31T00:00:00Z"
        ),
        QueryParameter("$orderby", "A property with asc or desc: phenomenonTime desc"),
        QueryParameter(
            "$top",
            "Entities of the answer; \(ThingsOptions.defaultTop), at most \(ThingsOptions.maximumTop)",
            kind: .integer
        ),
        QueryParameter("$skip", "Entities before them", kind: .integer),
        QueryParameter("$skiptoken", "Where a page begins, in links to further pages"),
        QueryParameter("$count", "Whether to count all that match", kind: .boolean),
        QueryParameter("$select", "Properties to show, with commas"),
        QueryParameter(
            "$expand",
            "Relations to show inside: Observations($top=1;$orderby=phenomenonTime desc),Thing"
        ),
    ]

    private func sensorThings(
        _ path: String,
        _ summary: String,
        query: [QueryParameter]
    ) -> RouteDescription {
        RouteDescription(
            .get,
            ThingsService.path + path,
            .features,
            summary,
            query: query,
            answers: "application/json"
        )
    }
}

extension Exchange {
    /// The path after the address of the service, percent-decoded.
    private func thingsPath() throws(BrokerError) -> ThingsPath {
        let raw = request.uri.path.utf8.dropFirst(ThingsService.path.utf8.count + 1)
        guard let text = QueryItems.decode(raw, plusIsBlank: false) else {
            throw BrokerError(.badRequestData, "The path '\(request.uri.path)' is not valid.")
        }
        return try ThingsPath(text)
    }

    fileprivate func answerThings() async throws -> Response {
        let path = try thingsPath()
        let options = try ThingsOptions(items, of: path.kind)
        let shown = ThingsProperties(ld: try await ldContext(), base: base)
        let question = try ThingsQuestion(path, options, shown, items, hub.limits)
        let found = try await hub.reading.choose(
            question.chooser,
            from: question.query,
            caller: caller
        )
        let answer = ThingsAnswer(
            service: ThingsService(base: base),
            question: question,
            found: found.answer
        )
        guard case .property(let name, true) = path.ending else {
            let bytes = try await writing(answer.approximateBytes) { try answer.bytes() }
            return self.answer(bytes, .json, ld: nil)
        }
        let value = shown.property(name, of: try answer.single())
        guard !value.isNull else { return self.answer(.noContent) }
        let text = value.stringValue ?? value.text
        var response = self.answer(Array(text.utf8), .json, ld: nil)
        response.headers[.contentType] = "text/plain; charset=utf-8"
        return response
    }
}
