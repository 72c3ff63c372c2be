package import Broker
import ContextModel
import Governance
import Hummingbird
import HubNetwork

extension RouteTable {
    /// Adds the page of the network: its hubs, and a question to all of them.
    package mutating func addNetworkPage(
        _ hub: Hub,
        assets: PageAssets,
        settings: PageSettings
    ) throws {
        let renderer = try PageRenderer(templates: assets.templates, settings: settings)
        var show = Self.page("/network", "Show the hubs of the network")
        show.query = [QueryParameter("lang", "The language: en, id, th, vi or fil")]
        add(show) { request, context in
            let members = try await hub.networking.members().compactMap(\.objectValue)
            let renderer = renderer.speaking(to: request, context.caller)
            return .page(try renderer.network(members, heard: hub.networking.heard), settings)
        }
    }
}

/// The page *Network*.
struct NetworkView {
    struct Row {
        var name: String
        var state: String
        var address: String
        var id: String
        var standing: String
        var isWorry: Bool
        var isAsked: Bool
        var isOwn: Bool
        var reason: String?
        var heard: String
        var record: String
        /// What is wrong with its record; nil where nothing is.
        var finding: String?
        var longitude: String
        var latitude: String
    }

    var shell: PageShell
    var t: [String: String]
    var lead: String
    var rows: [Row]
    var hasRows: Bool
    var tileURL: String?
    var tileAttribution: String
}

extension PageRenderer {
    func network(
        _ members: [JSONObject],
        heard: [MemberID: HeardMember]
    ) throws -> String {
        let t = voice.translation
        var shell = shell(t("networkTitle"), isTranslated: true)
        shell.isNetwork = true
        let rows = members.map { row($0, heard) }.sorted { $0.name < $1.name }
        let view = NetworkView(
            shell: shell,
            t: t.words,
            lead: t("networkLead", ["count": Words.count(rows.count { $0.isAsked || $0.isOwn })]),
            rows: rows,
            hasRows: !rows.isEmpty,
            tileURL: settings.tileURL,
            tileAttribution: settings.tileAttribution
        )
        return try render(view, "network")
    }

    private func row(
        _ member: JSONObject,
        _ heard: [MemberID: HeardMember]
    ) -> NetworkView.Row {
        let t = voice.translation
        func text(_ name: String) -> String { member[name]?.stringValue ?? "" }
        let standing = text("standing")
        let hasLeft = member["left"]?.boolValue ?? false
        let last = MemberID(text("id")).flatMap { heard[$0] }
        let record = member["record"]?.objectValue ?? JSONObject()
        let degrees = member["place"]?.objectValue?["coordinates"]?.arrayValue?
            .compactMap(\.numberValue?.doubleValue)
        let words = [
            "own": "standingOwn", "known": "standingKnown", "admitted": "standingAdmitted",
            "suspended": "standingSuspended",
        ]
        return NetworkView.Row(
            name: text("name"),
            state: text("state"),
            address: text("address"),
            id: text("id"),
            standing: t(hasLeft ? "standingLeft" : words[standing] ?? "standingKnown"),
            isWorry: standing == "suspended" || last?.problem != nil,
            isAsked: standing == "admitted" && !hasLeft,
            isOwn: standing == "own",
            reason: member["reason"]?.stringValue,
            heard: last.map { heard in
                heard.problem != nil
                    ? t("memberSilent")
                    : t("memberHeard", ["milliseconds": "\(heard.milliseconds)"])
            } ?? "",
            record: record["size"]?.numberValue?.intValue.map { Words.count($0) } ?? "",
            finding: finding(in: record),
            longitude: degrees?.first.map { "\($0)" } ?? "",
            latitude: degrees?.last.map { "\($0)" } ?? ""
        )
    }

    /// What is wrong with a member's record, in words.
    private func finding(in record: JSONObject) -> String? {
        let t = voice.translation
        if let finding = record["finding"]?.objectValue {
            let noticed = finding["noticed"]?.stringValue.flatMap { Timestamp(dateTime: $0) }
            let time = noticed.map { t.moment($0) } ?? ""
            let isFork = finding["kind"] == "fork"
            return t(isFork ? "recordFork" : "recordRollback", ["time": time])
        }
        guard let since = record["gapSince"]?.stringValue.flatMap({ Timestamp(dateTime: $0) })
        else { return nil }
        return t("recordGap", ["time": t.moment(since)])
    }
}
