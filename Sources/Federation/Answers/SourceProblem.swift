/// Why a source's part of an answer is missing (table 6.3.17-1).
package enum SourceProblem: Error, Sendable, Equatable {
    /// It did not answer within its time.
    case late
    /// There is no connection, or it broke.
    case unreachable
    /// It is not asked for a while after a failure.
    case coolingDown
    /// Its address is one that the hub does not call.
    case addressRefused
    /// Others fill the plan already.
    case tooManySources
    /// It is not asked: what the caller may see of its answer could not be decided.
    case undecidable
    /// The hub waits for too many sources at the moment, or holds too much of what they answered.
    case busy
    /// The `@context` that it is to be addressed in, or that its answer names, cannot be had.
    case noContext
    /// It found that the request had come through it before.
    case loop
    /// It answered with an error.
    case refused(status: Int)
    /// Its answer is no NGSI-LD.
    case garbage
    /// Its answer has more bytes or entities than are taken.
    case tooMuch
    /// Its answer has something that it was not asked for.
    case unasked
    /// What it answered is used, and it says that something is missing there: a source behind it failed.
    case partial

    /// The code of the warning.
    package var code: Int {
        switch self {
        case .late, .unreachable, .coolingDown, .addressRefused, .tooManySources, .busy,
            .noContext, .loop, .undecidable, .partial:
            199
        case .refused: 299
        case .garbage, .tooMuch, .unasked: 111
        }
    }

    /// The reason in a sentence, with no word of the source's.
    package var reason: String {
        switch self {
        case .late: "The source did not answer in time."
        case .unreachable: "The source cannot be reached."
        case .coolingDown: "The source failed a moment ago and is asked again later."
        case .addressRefused: "The hub does not call the address of the source."
        case .tooManySources: "Too many sources match; this one was not asked."
        case .undecidable: "Your rights depend on more than a history of the source tells."
        case .busy: "The hub waits for many sources at the moment; this one was not heard."
        case .noContext: "The @context of the source is not available."
        case .loop: "The request had come through the source before."
        case .refused(let status): "The source answered \(status)."
        case .garbage: "The answer of the source is not valid NGSI-LD."
        case .tooMuch: "The answer of the source is too long."
        case .unasked: "The answer of the source has entities that it was not asked for."
        case .partial: "The source warns that its answer lacks something."
        }
    }

    /// Who does not ask the source for a while after a failure.
    package enum Cooling: Sendable { case nobody, asker, everybody }

    /// Who does not ask the source for a while after this.
    ///
    /// What depends on the question keeps from asking again whoever asked it alone: an honest
    /// source may have more than is taken.
    package var cooling: Cooling {
        switch self {
        case .late, .unreachable, .garbage: .everybody
        case .refused(let status): status >= 500 ? .everybody : .nobody
        case .tooMuch, .unasked: .asker
        case .coolingDown, .addressRefused, .tooManySources, .busy, .noContext, .loop,
            .undecidable, .partial:
            .nobody
        }
    }
}
