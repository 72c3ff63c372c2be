import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Storage

/// What a person may know of itself, and have erased. Not part of the standard.
extension NGSILDRoutes {
    private static let subject = "/governance/v1/subjects/{subjectId}"

    mutating func addSubjectRoutes() {
        add(
            RouteDescription(
                .get,
                Self.subject + "/accesses",
                .governance,
                "Retrieve who read data about a person",
                query: [
                    QueryParameter("limit", "At most so many, the newest first", kind: .integer),
                    QueryParameter(
                        "before",
                        "Only those before this entry of the record",
                        kind: .integer
                    ),
                ],
                answers: "application/json"
            )
        ) { exchange in
            let accesses = try await exchange.hub.governing.accesses(
                of: try exchange.subject(),
                before: try exchange.items.number("before") ?? .max,
                limit: try exchange.pageLimit(),
                caller: exchange.caller
            )
            return .json(.array(accesses))
        }
        add(
            RouteDescription(
                .get,
                Self.subject + "/data",
                .governance,
                "Retrieve all data about a person",
                query: [
                    QueryParameter("limit", "Entities of the page at most", kind: .integer),
                    QueryParameter("offset", "Entities before the page", kind: .integer),
                ],
                answers: "application/json"
            )
        ) { try await $0.answerSubjectData() }
        add(
            RouteDescription(
                .delete,
                Self.subject + "/data",
                .governance,
                "Erase all data about a person",
                query: [
                    QueryParameter(
                        "accesses",
                        "Also what the record says to the person of who read its data",
                        kind: .boolean
                    )
                ],
                answers: "application/json"
            )
        ) { exchange in
            let erasure = try await exchange.hub.governing.eraseData(
                about: try exchange.subject(),
                accesses: try exchange.items.flag("accesses"),
                caller: exchange.caller
            )
            var json: JSONObject = ["erased": .number(JSONNumber(erasure.entities))]
            json["accesses"] = erasure.accesses.map { .number(JSONNumber($0)) }
            return .json(.object(json))
        }
    }
}

extension Exchange {
    /// The person named in the path.
    func subject() throws(BrokerError) -> SubjectID {
        let text = try capture("subjectId")
        guard URIText.isValid(text) else {
            throw BrokerError(.badRequestData, "'\(text)' is not a URI.")
        }
        return SubjectID(text)
    }

    fileprivate func pageLimit() throws(BrokerError) -> Int {
        min(try items.number("limit") ?? hub.limits.maximumPage, hub.limits.maximumPage)
    }

    fileprivate func answerSubjectData() async throws -> Response {
        let ld = try await ldContext()
        let subject = try subject()
        let data = try await hub.governing.data(
            about: subject,
            offset: try items.offset(),
            limit: try pageLimit(),
            caller: caller
        )
        var representation = Representation()
        representation.showsSystemAttributes = true
        let entities = EntityWriter(representation, context: ld)
        let evolutions = TemporalWriter(.instances, timeProperty: .modifiedAt, entities: entities)
        let page = data.answer.evolutions
        let length = entities.length(of: data.answer.entities.entities) + page.storedBytes
        let bytes = try await writing(length) {
            var json = JSONWriter(reservingBytes: 4_096)
            json.beginObject()
            json.key("subject")
            json.string(subject.uri)
            json.key("entities")
            try entities.write(data.answer.entities.entities, embedsContext: false, to: &json)
            json.key("histories")
            json.beginArray()
            for evolution in page.evolutions {
                evolutions.write(evolution, embedsContext: false, to: &json)
            }
            json.endArray()
            json.key("hasMore")
            json.bool(data.answer.entities.hasMore || page.hasMore)
            json.endObject()
            return json.bytes
        }
        return answer(bytes, .json, ld: ld)
    }
}
