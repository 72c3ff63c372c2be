package import ContextModel

/// An exemption of the pilot space: what a rule would refuse may cross a border, for a while and in public.
///
/// It says who may take part, for which purpose, with which data, between which states and from when until
/// when. Nothing that it does not name is exempted.
package struct Exemption: Sendable, Hashable {
    /// Months that one may last at most; the pilot space was proposed for 18 to 24.
    package static let longestMonths = 24

    package var id: String
    package var title: String
    /// The parties that may receive the data.
    package var participants: Set<String>
    /// The purpose, as a term of the Data Privacy Vocabulary.
    package var purpose: String
    package var categories: Set<DataCategory>
    package var source: StateCode
    package var destinations: Set<StateCode>
    /// The first moment at which it holds, and the first at which it does not any more.
    package var period: Range<Timestamp>
    /// How many entities may be released under it at most; nil for any number.
    package var volume: Int?
    /// What the participants have promised.
    package var conditions: [String]
    /// The day by which the report on it is due.
    package var report: CivilDate

    /// Where an exemption is in its life.
    package enum State: String, Sendable, Hashable {
        case announced, inForce = "in force", ended
    }

    package func state(at moment: Timestamp) -> State {
        if moment < period.lowerBound { return .announced }
        return moment < period.upperBound ? .inForce : .ended
    }

    /// Whether a transfer to this party is exempted at the moment.
    ///
    /// All states on the way must be named, for the data is held there too.
    package func covers(
        _ question: BorderQuestion,
        party: String,
        purpose: String,
        at moment: Timestamp
    ) -> Bool {
        guard let category = question.category else { return false }
        return state(at: moment) == .inForce && participants.contains(party)
            && self.purpose == purpose && categories.contains(category)
            && source == question.source
            && (question.via + [question.destination]).allSatisfy {
                $0 == source || destinations.contains($0)
            }
    }
}

// MARK: - JSON

extension Exemption {
    /// Reads the body of `PUT /network/v1/exemptions/{id}`; throws `BorderRuleError` for what is not wholly
    /// understood.
    package init(_ json: JSONObject, id: String) throws(BorderRuleError) {
        var fields = BorderFields(json, "exemption")
        self.id = id
        title = try fields.text("title")
        participants = Set(try fields.texts("participants"))
        purpose = try fields.text("purpose")
        categories = Set(try fields.words("categories") ?? [])
        source = try Self.state(try fields.text("source"), "source")
        destinations = []
        for text in try fields.texts("destinations") {
            destinations.insert(try Self.state(text, "destinations"))
        }
        let (from, until) = (try fields.moment("from"), try fields.moment("until"))
        guard from < until, until <= from.adding(months: Self.longestMonths) else {
            throw BorderRuleError(
                "exemption.until",
                "It must be after 'from', and at most \(Self.longestMonths) months after it."
            )
        }
        period = from..<until
        volume = try fields.number("volume")
        conditions = try fields.texts("conditions")
        guard let report = try fields.date("report") else {
            throw BorderRuleError("exemption.report", "It must be a date, as 2026-01-31.")
        }
        self.report = report
        try fields.end()
        for (name, isEmpty) in [
            ("participants", participants.isEmpty), ("categories", categories.isEmpty),
            ("destinations", destinations.isEmpty),
        ] where isEmpty {
            throw BorderRuleError("exemption.\(name)", "It must name at least one.")
        }
        guard volume ?? 1 > 0 else {
            throw BorderRuleError("exemption.volume", "It must be more than zero.")
        }
    }

    private static func state(
        _ text: String,
        _ name: String
    ) throws(BorderRuleError) -> StateCode {
        guard let state = StateCode(text) else {
            throw BorderRuleError("exemption.\(name)", "'\(text)' is no state's code.")
        }
        return state
    }

    /// What `init(_:id:)` reads.
    package var json: JSONObject {
        func array(_ texts: some Collection<String>) -> JSONValue {
            .array(texts.map(JSONValue.string))
        }
        var json: JSONObject = [
            "title": .string(title), "participants": array(participants.sorted()),
            "purpose": .string(purpose), "categories": array(categories.map(\.rawValue).sorted()),
            "source": .string(source.text),
            "destinations": array(destinations.map(\.text).sorted()),
            "from": .string(period.lowerBound.text), "until": .string(period.upperBound.text),
        ]
        if let volume { json["volume"] = .number(JSONNumber(volume)) }
        if !conditions.isEmpty { json["conditions"] = array(conditions) }
        json["report"] = .string(report.text)
        return json
    }
}
