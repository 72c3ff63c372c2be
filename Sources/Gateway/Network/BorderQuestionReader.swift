import Borders
import Broker
import ContextModel

/// Reads a question about a border from the parameters of a request.
struct BorderQuestionReader {
    let items: QueryItems
    /// The day that is meant where none is named.
    let today: CivilDate

    static let parameters = [
        QueryParameter("source", "The state whose law the data is under, as SG", isRequired: true),
        QueryParameter("destination", "The state that it would reach", isRequired: true),
        QueryParameter("via", "The states on the way, which hold it too, in their order"),
        QueryParameter(
            "category",
            "\(words(DataCategory.self)); another one is refused by each rule",
            isRequired: true
        ),
        QueryParameter("controller", words(ControllerSector.self), isRequired: true),
        QueryParameter("transfer", "\(words(TransferKind.self)); transfer"),
        QueryParameter("date", "The day of the transfer, as 2026-12-01; today"),
        QueryParameter("people", "How many people the data is about", kind: .integer),
        QueryParameter("grounds", "What the transfer is based on: \(words(TransferGround.self))"),
        QueryParameter("exemption", "An exemption that would be used; needs party and purpose"),
        QueryParameter("party", "The party that would use it"),
        QueryParameter("purpose", "The purpose for which it would"),
    ]

    private static func words<Word: RawRepresentable<String> & CaseIterable>(
        _: Word.Type
    ) -> String {
        Word.allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// Throws `BrokerError` for what is missing or not understood.
    func question() throws(BrokerError) -> BorderQuestion {
        var via: [StateCode] = []
        for text in try items.list("via") ?? [] { via.append(try state(text, "via")) }
        guard via.count <= BorderQuestion.longestWay else {
            throw Self.error("via", "It has \(BorderQuestion.longestWay) states at most.")
        }
        var grounds: Set<TransferGround> = []
        for text in try items.list("grounds") ?? [] {
            grounds.insert(try word(text, "grounds"))
        }
        var date = today
        if let text = try items.text("date") {
            guard let day = CivilDate(text) else {
                throw Self.error("date", "'\(text)' is no date, as 2026-12-01.")
            }
            date = day
        }
        var people: Int?
        if let text = try items.text("people") {
            guard let count = Int(text), count >= 0 else {
                throw Self.error("people", "It must be a whole number.")
            }
            people = count
        }
        var transfer = TransferKind.transfer
        if let text = try items.text("transfer") { transfer = try word(text, "transfer") }
        return BorderQuestion(
            from: try state(try required("source"), "source"),
            to: try state(try required("destination"), "destination"),
            via: via,
            category: DataCategory(rawValue: try required("category")),
            controller: try word(try required("controller"), "controller"),
            transfer: transfer,
            date: date,
            people: people,
            grounds: grounds
        )
    }

    /// The exemption that would be used; nil where none is named.
    func exemption() throws(BrokerError) -> ExemptionUse? {
        guard let id = try items.text("exemption") else { return nil }
        return ExemptionUse(
            id: id,
            party: try required("party"),
            purpose: try required("purpose")
        )
    }

    private func required(_ name: String) throws(BrokerError) -> String {
        guard let text = try items.text(name) else { throw Self.error(name, "It is missing.") }
        return text
    }

    private func state(_ text: String, _ name: String) throws(BrokerError) -> StateCode {
        guard let state = StateCode(text) else {
            throw Self.error(name, "'\(text)' is no state's code of two capital letters.")
        }
        return state
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(
        _ text: String,
        _ name: String
    ) throws(BrokerError) -> Word {
        guard let word = Word(rawValue: text) else {
            throw Self.error(name, "'\(text)' is none of \(Self.words(Word.self)).")
        }
        return word
    }

    private static func error(_ name: String, _ problem: String) -> BrokerError {
        BrokerError(.badRequestData, "\(name): \(problem)")
    }
}
