import Broker
import ContextModel

// The values for the page *Sources*. Every text is plain; the template escapes it.

/// The page *Sources*.
struct SourcesView {
    var shell: PageShell
    var t: [String: String]
    var sources: [SourceView]
    /// Stored, because templates can use stored members only.
    var hasSources: Bool
    /// What was done, or why it was not.
    var done: String?
    var wrong: String?
    var trial: TrialView?
    /// What stands in the form.
    var formName: String
    var formDefinition: String
    var formMessage: String
    var formTopic: String
}

/// One source.
struct SourceView {
    /// Its last message.
    struct Last {
        var at: String
        var ago: String
        var topic: String?
        /// Nil for one who may not see what stands in messages.
        var beginning: String?
        var became: [String]
        var refusals: [String]
    }

    var name: String
    var about: String?
    var way: String
    /// Whether it works; nil for one of which that is not known, as of a webhook.
    var state: String?
    /// What the connection says of itself, in English.
    var connection: String?
    var type: String
    var isPaused: Bool
    var isFromFile: Bool
    var definition: String
    /// How many messages came, and what they became.
    var counts: String
    var keptRefusals: String
    var hasRefusals: Bool
    var lastRefusal: String?
    /// How many things are silent; nil where silence is not noticed.
    var silence: String?
    /// After how long without a report a thing is silent, and whether that was learned; nil until it is known.
    var silentAfter: String?
    /// Whether the source itself should have got something and did not.
    var isSilent: Bool
    var last: Last?

    init(
        _ source: LiveSource,
        _ figures: SourceFigures,
        kept: Int,
        in words: Translation,
        at now: Timestamp
    ) {
        name = source.key.name.text
        about = source.mapping.about
        way = source.mapping.way
        state = figures.isConnected.map { words($0 ? "sourcesConnected" : "sourcesAway") }
        connection = figures.connection
        type = source.kept.types.map { LDContext.core.compact($0) }.joined(separator: ", ")
        isPaused = source.kept.isPaused
        isFromFile = source.kept.isFromFile
        definition = source.kept.definition
        counts = words(
            "sourcesCounts",
            [
                "messages": Words.count(figures.messages),
                "entities": Words.count(figures.entities),
                "repeated": Words.count(figures.repeated),
                "refused": Words.count(figures.refused),
            ]
        )
        keptRefusals = words("sourcesKept", ["count": Words.count(kept)])
        hasRefusals = kept > 0
        lastRefusal = figures.lastRefusal
        isSilent = figures.isSilent
        if source.mapping.reports != .never, figures.things > 0 {
            silence = words(
                "sourcesThingsOf",
                ["silent": Words.count(figures.silent), "things": Words.count(figures.things)]
            )
            let isLearned = source.mapping.reports == .learned
            silentAfter = figures.silentAfterSeconds.map {
                words(
                    isLearned ? "sourcesAfterLearned" : "sourcesAfter",
                    ["duration": words.span(seconds: Int64($0))]
                )
            }
        }
        last = figures.last.map {
            Last(
                at: $0.receivedAt.text,
                ago: words.ago($0.receivedAt, now: now),
                topic: $0.topic.map(ReceivedMessage.hidingKey),
                beginning: $0.beginning,
                became: $0.entities.map(\.uri),
                refusals: $0.refusals
            )
        }
    }
}

/// What a message would become.
struct TrialView {
    var headline: String
    var isGood: Bool
    var refusals: [String]
    var entities: [String]

    /// The entities that are shown of a trial.
    private static let maximumEntities = 20

    init(_ content: MappedContent, in words: Translation) {
        isGood = content.refusals.isEmpty
        headline = words("sourcesTrial", ["count": Words.count(content.entities.count)])
        refusals = content.refusals
        entities = content.entities.prefix(Self.maximumEntities).map {
            String(decoding: $0.serialized, as: UTF8.self)
        }
    }
}

/// The fields of the form.
struct SourceEntries {
    var name = ""
    var definition = SourceEntries.beginning
    var message = ""
    var topic = ""

    init() {}

    init(_ fields: QueryItems) {
        name = fields["name"] ?? ""
        // A form sends lines as the Internet ends them; that of the first run has the parts of a definition.
        definition =
            fields["definition"]?.replacing("\r\n", with: "\n") ?? FirstSource(fields).definition
        message = (fields["message"] ?? "").replacing("\r\n", with: "\n")
        topic = fields["topic"] ?? ""
    }

    /// What stands in an empty form.
    private static let beginning = """
        webhook: {bearer: {variable: BALAI_SOURCE_AIR}}
        map:
          type: AirQualityObserved
          id: "urn:ngsi-ld:AirQualityObserved:{station}"
          time: {column: at}
          attributes:
            pm25: {column: pm25, as: number, unitCode: GQ}

        """
}
