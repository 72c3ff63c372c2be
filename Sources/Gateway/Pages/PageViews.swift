import ContextModel
import Governance
import Services

// The values for the templates. Every text is plain; the templates escape it.

/// The parts around the content of every page.
struct PageShell {
    /// A language that the reader may choose.
    struct Language {
        var tag: String
        var name: String
        var isCurrent: Bool
    }

    var title: String
    var cityName: String
    var isOpen: Bool
    var isSimulated: Bool
    var isNow = false
    var isData = false
    var isHealth = false
    var isServices = false
    var isSources = false
    var isParties = false
    var isNetwork = false
    /// Whether the hub is in a network.
    var hasNetwork: Bool
    var isRules = false
    var isRecord = false
    var isMine = false
    /// Whether the page has a map beside its text.
    var hasMap = false
    /// Whether the page sends files.
    var isSetup = false
    /// Whether there are services.
    var hasServices: Bool
    /// Stored, because templates can use stored members only.
    var hasNotice: Bool
    /// The words of head and foot.
    var t: [String: String]
    /// Whether the reader is signed in as a person.
    var isPerson: Bool
    /// Whether the reader runs the hub.
    var isOperator: Bool
    /// The tag of the language of the page's own words.
    var language: String
    /// The tag of the language of head and foot.
    var frameLanguage: String
    /// What the reader reads for, in words; nil for nothing in particular.
    var purpose: String?
    /// What links to other pages end with.
    var query: String
    /// None where a link would lose what the page is about.
    var languages: [Language] { didSet { hasLanguages = !languages.isEmpty } }
    var hasLanguages: Bool

    init(
        title: String,
        cityName: String,
        isOpen: Bool,
        isSimulated: Bool,
        hasServices: Bool,
        hasNetwork: Bool,
        voice: PageVoice
    ) {
        self.title = title
        self.cityName = cityName
        self.isOpen = isOpen
        self.isSimulated = isSimulated
        self.hasServices = hasServices
        self.hasNetwork = hasNetwork
        hasNotice = isOpen || isSimulated
        t = voice.translation.words
        isPerson = voice.isPerson
        isOperator = voice.isOperator
        language = voice.translation.language
        frameLanguage = voice.translation.language
        purpose = voice.purpose.map {
            voice.translation(
                "purposeNow",
                ["purpose": voice.translation.label(ofPurpose: $0.text)]
            )
        }
        query = voice.query
        hasLanguages = !voice.languages.isEmpty
        languages = voice.languages.map {
            Language(tag: $0.tag, name: $0.name, isCurrent: $0.tag == voice.translation.language)
        }
    }
}

/// The page *Sign in*.
struct SignInView {
    var shell: PageShell
    var link: String
    /// A sentence that says whom the link signs in.
    var party: String
    /// A sentence that says who is signed in.
    var current: String
    var hasLink: Bool
    var isSignedIn: Bool
    /// Where else people may sign in.
    var providers: [Provider]
    var t: [String: String]
    /// What the session may read for.
    var purposes: [Purpose]
    var hasPurposes: Bool

    /// A purpose of which one may be chosen.
    struct Purpose {
        var term: String
        var label: String
        /// The language of the label.
        var language: String
        var isChosen: Bool
    }

    /// An identity provider.
    struct Provider {
        var label: String
        var path: String
    }
}

/// The list of the city's services.
struct ServicesView {
    var shell: PageShell
    var services: [ServiceView]
}

/// The page of one service.
struct ServicePageView {
    var shell: PageShell
    var lead: String
    var paragraphs: [String]
    var tables: [ServiceContent.Table]
}

/// The page *Now*.
struct NowView {
    var shell: PageShell
    var t: [String: String]
    /// The words of its scripts, as JSON.
    var words: String
    /// The text when there is nothing to show; nil otherwise.
    var absence: AbsenceView?
    var count: String
    var typeCount: String
    var newest: String
    var newestAt: String
    /// The time by the hub's clock, because a visitor's clock may be wrong.
    var now: String
    /// Types with locations: the layers of the map.
    var placed: [TypeView]
    var unplaced: [TypeView]
    var hasUnplaced: Bool
    /// The types of which there are histories alone.
    var pastTypes: [PastTypeView]
    var hasPastTypes: Bool
    var timeZone: String
    /// Where the city is, in degrees; empty where nobody has said it.
    var latitude: String
    var longitude: String
    var tileURL: String
    var tileAttribution: String
}

/// The page *Data*.
struct DataView {
    var shell: PageShell
    var t: [String: String]
    /// The text when there is nothing to show; nil otherwise.
    var absence: AbsenceView?
    /// How many entities there are, and how new they are.
    var count: String
    /// The address of the hub, for commands.
    var address: String
    var query: String
    var types: [TypeView]
    /// The types of which there are histories alone.
    var pastTypes: [PastTypeView]
    var hasPastTypes: Bool
}

/// A type of which there are histories alone, for *Data* and *Now*.
struct PastTypeView {
    var name: String
    var label: String
    /// The page with its readings.
    var rows: String

    init(_ type: String, in words: Translation, keeping voice: PageVoice) {
        name = type
        label = words.label(ofType: type)
        rows = "/data/rows" + voice.query(["type": type])
    }
}

/// A type, as a layer on *Now* and as a card on *Data*.
struct TypeView {
    var name: String
    var label: String
    var anchor: String
    var count: String
    /// The count for scripts.
    var size: String
    /// Whether its entities can be shown on a map.
    var hasPlace: Bool
    /// The counts and the age in a sentence.
    var facts: String
    var newest: String
    var newestAt: String
    /// A notice when some values, but not all, have times in the future.
    var ahead: String?
    var isSimulated: Bool
    var sources: [String]
    var attributes: [AttributeView]
    /// The page with its entities.
    var rows: String
    /// The path of the example request.
    var path: String
    var historyPath: String

    init(_ type: TypeSummary, in words: Translation, keeping voice: PageVoice, now: Timestamp) {
        name = type.name
        label = words.label(ofType: type.name)
        let encoded = Self.percentEncoded(type.name)
        anchor = "type-" + encoded
        count = Words.count(type.count)
        size = "\(type.count)"
        hasPlace = type.attributes.contains { $0.kind == .geoProperty && $0.name == "location" }
        newest = type.newest.map { words.ago($0, now: now) } ?? words("agoNoTime")
        facts = words(
            "dataFacts",
            ["count": count, "attributes": "\(type.attributes.count)", "ago": newest]
        )
        newestAt = type.newest?.text ?? ""
        ahead = type.furthest.flatMap {
            $0 == type.newest ? nil : words("dataSomeAhead", ["ago": words.ago($0, now: now)])
        }
        isSimulated = type.isSimulated
        sources = type.sources
        attributes = type.attributes.map { AttributeView($0, in: words) }
        rows = "/data/rows" + voice.query(["type": type.name])
        path = "/ngsi-ld/v1/entities?type=\(encoded)&limit=10"
        historyPath = "/ngsi-ld/v1/temporal/entities?type=\(encoded)&lastN=10&limit=2"
    }

    /// The text with every byte except letters, digits and `-._~` as `%XX` (RFC 3986).
    ///
    /// So a name cannot end the quotes of a shell line, or begin another parameter.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let unreserved = Set("-._~".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isLetter = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
            let isDigit = byte >= 0x30 && byte <= 0x39
            if isLetter || isDigit || unreserved.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// One attribute of a type.
struct AttributeView {
    var name: String
    var kind: String
    /// Nil instead of empty, because a section of a template only tests for presence.
    var unit: String?

    init(_ attribute: AttributeSummary, in words: Translation) {
        name = attribute.name
        kind = words(Words.key(of: attribute.kind))
        unit = attribute.unitCode.map(Words.unit).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The page *Health*.
struct HealthView {
    var shell: PageShell
    var t: [String: String]
    var state: String
    var headline: String
    var running: String
    var hidesMeasures: Bool
    var measures: [MeasureView]
    var hidesErrors: Bool
    var errors: [ErrorView]

    init(
        shell: PageShell,
        _ summary: HealthSummary,
        in words: Translation,
        now: Timestamp
    ) {
        self.shell = shell
        t = words.words
        state = summary.state.rawValue
        headline = words(Self.headline(summary))
        let seconds = max(0, now.microseconds - summary.startedAt.microseconds) / 1_000_000
        running = words(
            "healthRunning",
            ["duration": words.duration(seconds: seconds), "version": summary.version]
        )
        hidesMeasures = summary.measures == nil
        measures = (summary.measures ?? []).map { MeasureView($0, in: words) }
        hidesErrors = summary.errors == nil
        errors = (summary.errors ?? []).map { ErrorView($0, in: words, now: now) }
    }

    /// The key of the words.
    private static func headline(_ summary: HealthSummary) -> String {
        switch (summary.store, summary.state) {
        case (.full, _): "healthFull"
        case (.failing, _): "healthStore"
        case (.sound, .good): summary.measures == nil ? "healthAnswers" : "healthGood"
        case (.sound, .attention): "healthLook"
        case (.sound, .bad): "healthBad"
        }
    }
}

/// One figure of *Health*.
struct MeasureView {
    var name: String
    var value: String
    var unit: String
    var explanation: String
    var state: String
    var stateWord: String?
    /// The line; nil when there are too few values.
    var line: LineView?

    init(_ measure: HealthSummary.Measure, in words: Translation) {
        name = words(measure.name)
        value = Words.figure(measure.value)
        unit = words(measure.unit)
        explanation = words(measure.explanation)
        state = measure.state.rawValue
        switch measure.state {
        case .good: stateWord = nil
        case .attention: stateWord = words("healthWordLook")
        case .bad: stateWord = words("healthWordBad")
        }
        line = LineView(measure.history, of: name, in: words)
    }
}

/// The line of a figure's recent values, with its scale and duration.
struct LineView {
    var points: String
    var area: String
    /// The value at its top, with zero at its bottom; nil when all values are zero.
    var top: String?
    /// When it begins.
    var since: String
    /// What it shows, for those who do not see it.
    var label: String

    init?(_ history: [Double], of name: String, in words: Translation) {
        let line = Sparkline(history)
        guard !line.points.isEmpty else { return nil }
        points = line.points
        area = line.area
        top = line.top > 0 ? Words.figure(line.top) : nil
        let span = words.span(seconds: Int64(history.count - 1) * HealthLog.sampleSeconds)
        since = words("agoSpan", ["span": span])
        let values = ["name": name, "span": span]
        label =
            top.map { words("healthLine", values.merging(["top": $0]) { $1 }) }
            ?? words("healthLineZero", values)
    }
}

/// A page for a problem.
struct ProblemView {
    var shell: PageShell
    var detail: String
    var status: String
}

/// One error of *Health*.
struct ErrorView {
    var at: String
    var ago: String
    var place: String
    var text: String

    init(_ error: HealthSummary.ErrorLine, in words: Translation, now: Timestamp) {
        at = error.at.text
        ago = words.ago(error.at, now: now)
        place = error.place
        text = error.text
    }
}
