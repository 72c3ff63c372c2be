/// The visitor of a page.
struct PageVisit: Sendable, Equatable {
    var isAnonymous = true
    /// Whether the visitor is on the hub's own machine, as far as one can tell.
    var isAtMachine = false
    /// The port in the address that the visitor used, if it has one.
    var port: Int?
    /// The address at which the visitor reaches the hub.
    var address = "http://localhost:1026"
}

/// The text of a page that has nothing to show to its visitor.
///
/// It depends on the policy and the visitor. Whether there is data matters only for visitors who
/// may see everything: to others a closed hub shows the same text, empty or not.
struct AbsenceView {
    var heading: String
    var text: String
    /// Commands for those who run the hub.
    var hints: HintsView?
    /// Whether the visitor may set up the hub.
    var isForOperator: Bool

    /// Returns nil when there is something to show.
    init?(
        _ summary: HubSummary,
        _ visit: PageVisit,
        _ place: HubPlace?,
        in words: Translation
    ) {
        guard summary.isEmpty else { return nil }
        isForOperator = summary.isForOperator
        switch summary.reach {
        case .everything:
            heading = words("absenceEmpty")
            text = words("absenceEmptyText")
        case .part:
            heading = words("absencePart")
            text = words("absencePartText")
        case .nothing:
            heading = words("absenceClosed")
            text = words(visit.isAnonymous ? "absenceClosedText" : "absenceClosedToken")
        }
        if summary.isForOperator || visit.isAtMachine {
            hints = HintsView(place, visit, isClosed: !summary.isForOperator, in: words)
        }
    }
}

/// Commands that import data into a hub or open it, with its own port and folder.
struct HintsView {
    /// A command and its purpose.
    struct Command {
        var what: String
        var command: String
    }

    var introduction: String
    var commands: [Command]

    init(_ place: HubPlace?, _ visit: PageVisit, isClosed: Bool, in words: Translation) {
        let port = place.flatMap { $0.port == 0 ? nil : $0.port } ?? visit.port ?? Self.usualPort
        let url = "http://\(place?.host ?? "127.0.0.1"):\(port)"
        let folder = (place?.dataFolder).map(Self.quoted)
        let options =
            (port == Self.usualPort ? "" : " --hub \(url)") + (folder.map { " --data \($0)" } ?? "")
        introduction = words(isClosed ? "absenceRun" : "absenceFill")
        commands =
            (isClosed ? Self.openings(url, folder, words) : [])
            + Self.imports(options, words) + [Self.demo(beside: port, words)]
    }

    private static func imports(_ options: String, _ words: Translation) -> [Command] {
        [
            Command(
                what: words("absenceTimetable"),
                command: "balai import gtfs timetable.zip" + options
            ),
            Command(
                what: words("absenceTable"),
                command: "balai import csv readings.csv --map map.yaml" + options
            ),
            Command(
                what: words("absenceEntities"),
                command: "balai import json entities.jsonl" + options
            ),
        ]
    }

    /// With another port, because this hub uses its own.
    private static func demo(beside port: Int, _ words: Translation) -> Command {
        Command(
            what: words("absenceDemo"),
            command: "balai demo --port \(port == 65_535 ? usualPort : port + 1)"
        )
    }

    private static let usualPort = 1_026

    /// Ways to see the data of a closed hub.
    private static func openings(
        _ url: String,
        _ folder: String?,
        _ words: Translation
    ) -> [Command] {
        guard let folder else { return [] }
        return [
            Command(
                what: words("absenceTypes"),
                command: "curl -H \"Authorization: Bearer $(cat \(folder)/operator.token)\" "
                    + "\(url)/ngsi-ld/v1/types"
            ),
            Command(
                what: words("absenceOpen"),
                command: "BALAI_PUBLIC_TYPES='*'"
            ),
        ]
    }

    /// The path as one word of a shell.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x2D && $0 <= 0x39) || $0 == 0x5F
        }
        return isPlain ? path : "'\(path.replacing("'", with: "'\\''"))'"
    }
}
