package import Broker
import ContextModel
import Foundation
import Governance
import Hummingbird
import Storage

extension RouteTable {
    /// Adds the page with the rows of a type.
    package mutating func addRowsPage(
        _ hub: Hub,
        _ settings: NGSILDSettings,
        assets: PageAssets,
        pages: PageSettings
    ) throws {
        let renderer = try PageRenderer(templates: assets.templates, settings: pages)
        var description = Self.page(
            "/data/rows",
            "Show the entities of a type, and ways to get them"
        )
        description.query = [
            QueryParameter("type", "The type, as the page Data names it", isRequired: true),
            QueryParameter("q", "Only entities that meet this condition (clause 4.9)"),
            QueryParameter("from", "The first day of readings: 2026-01-31"),
            QueryParameter("to", "The last day of readings"),
            QueryParameter("offset", "How many entities are passed over", kind: .integer),
            QueryParameter("lang", "The language: en, id, th, vi or fil"),
        ]
        add(description) { request, context in
            let exchange = try Exchange(hub: hub, settings: settings, request, context)
            let renderer = renderer.speaking(to: request, context.caller)
            return .page(try await exchange.rowsPage(renderer), pages)
        }
    }
}

extension Exchange {
    fileprivate func rowsPage(_ renderer: PageRenderer) async throws -> String {
        let question = try RowsQuestion(items)
        do {
            let content = try await rows(question)
            return try renderer.rows(
                question,
                content,
                days: try question.selectionOfDays(),
                base: base,
                catalogue: settings.shownCatalogue,
                isAnonymous: caller.party == .anonymous,
                at: hub.clock()
            )
        } catch let error as BrokerError where error.code == .badRequestData {
            // What was written into the form stays in it.
            return try renderer.rows(question, problem: error.detail)
        }
    }
}

extension PageRenderer {
    /// The page with what is wrong with a question.
    func rows(_ question: RowsQuestion, problem: String) throws -> String {
        var view = rowsView(question)
        view.problem = problem
        return try render(view, "rows")
    }

    func rows(
        _ question: RowsQuestion,
        _ content: RowsContent,
        days: String,
        base: String,
        catalogue: CatalogueSettings,
        isAnonymous: Bool,
        at now: Timestamp
    ) throws -> String {
        let t = voice.translation
        var view = rowsView(question)
        view.count = t("rowsCount", ["count": Words.count(content.count)])
        let ld = LDContext.core
        view.columns = content.columns.map { ld.compact($0) }
        view.moreColumns = content.hasMoreColumns ? t("rowsMoreColumns") : nil
        view.rows = content.rows.map { row($0, content.columns, now: now) }
        view.hasRows = !view.rows.isEmpty
        if content.count > content.rows.count {
            view.shown = t(
                "rowsShown",
                [
                    "first": Words.count(question.offset + 1),
                    "last": Words.count(question.offset + content.rows.count),
                ]
            )
        }
        if question.offset > 0 {
            view.before = path(question) { $0.offset = max(0, $0.offset - RowsQuestion.rowLimit) }
        }
        if question.offset + content.rows.count < content.count {
            view.after = path(question) { $0.offset += RowsQuestion.rowLimit }
        }
        view.asksForDays = content.readings != nil
        let hasDays = !question.firstDay.isEmpty || !question.lastDay.isEmpty
        view.readingsTitle = t(hasDays ? "rowsReadings" : "rowsNewestReadings")
        view.noReadings = t(hasDays ? "rowsNoReadings" : "rowsNoReadingsAtAll")
        view.readings = (content.readings ?? []).map(reading)
        view.hasReadings = !view.readings.isEmpty
        view.months = months(question, now: now)
        view.downloads = downloads(question, days)
        view.opened = OpenedData.lines(question, days: days, base: base).enumerated().map {
            .init(
                program: $1.program,
                place: t($1.place),
                line: $1.line,
                isFirst: $0 == 0
            )
        }
        view.needsToken = !isAnonymous
        view.licence = link(catalogue.licence)
        view.contact = link(catalogue.contact)
        if content.columns.contains(.location) {
            view.places =
                "\(Paths.entities)?\(question.selection)&attrs=location,name&format=geojson"
                + "&options=keyValues&limit=\(RowsQuestion.placeLimit)"
            if content.count > RowsQuestion.placeLimit {
                view.shownPlaces = t(
                    "rowsFirst",
                    ["count": Words.count(RowsQuestion.placeLimit)]
                )
            }
        }
        return try render(view, "rows")
    }

    private func rowsView(_ question: RowsQuestion) -> RowsView {
        let label = voice.translation.label(ofType: question.type)
        var shell = shell(label, isTranslated: true, hasLanguages: false)
        shell.isData = true
        shell.hasMap = true
        return RowsView(
            shell: shell,
            t: voice.translation.words,
            query: voice.query,
            type: question.type,
            label: label,
            filter: question.filter,
            firstDay: question.firstDay,
            lastDay: question.lastDay,
            hidden: voice.isChosen
                ? [.init(name: "lang", value: voice.translation.language)] : [],
            tileURL: settings.tileOrigin == nil ? "" : settings.tileURL ?? "",
            tileAttribution: settings.tileAttribution
        )
    }

    private func path(_ question: RowsQuestion, _ change: (inout RowsQuestion) -> Void) -> String {
        var pairs = question.link(change)
        if voice.isChosen { pairs.append(("lang", voice.translation.language)) }
        return "/data/rows?"
            + pairs.map { "\($0.name)=\(QueryItems.encode($0.value))" }.joined(separator: "&")
    }

    // MARK: Rows

    private func row(_ row: RowsContent.Row, _ columns: [IRI], now: Timestamp) -> RowsView.Row {
        let entity = row.entity
        let text = CellText(entities: EntityWriter(Representation(), context: .core))
        let cells = columns.map { name -> RowsView.Cell in
            guard
                let instance = entity[name].first(where: { $0.datasetID == nil })
                    ?? entity[name].first
            else { return .init(text: "", isNumber: false) }
            let unit = instance.unitCode.map { " " + Words.unit($0) } ?? ""
            return .init(
                text: Self.shortened(text.text(of: instance)) + unit,
                isNumber: instance.value.numberValue != nil
            )
        }
        let observed = entity.attributes.flatMap(\.instances).compactMap(\.observedAt)
        let newest =
            observed.filter { !$0.isAhead(of: now) }.max() ?? observed.max() ?? entity.modifiedAt
        let days = row.days ?? []
        return RowsView.Row(
            name: entity[LDContext.core.expand("name")].first.flatMap(\.value.stringValue)
                .map(Self.shortened) ?? "",
            id: entity.id.uri,
            path: "/#" + TypeView.percentEncoded(entity.id.uri),
            cells: cells,
            age: newest.map { voice.translation.ago($0, now: now) } ?? "–",
            at: newest?.text ?? "",
            days: Self.levels(days).map { .init(level: $0) },
            daysText: days.isEmpty
                ? voice.translation("rowsNoPast")
                : voice.translation(
                    "rowsDays",
                    ["count": "\(days.count { $0 > 0 })", "days": "\(days.count)"]
                )
        )
    }

    /// How many readings each day has, in four steps: none, few, some and many.
    private static func levels(_ days: [Int]) -> [String] {
        let most = max(days.max() ?? 0, 1)
        return days.map { count in
            if count == 0 { return "d0" }
            return count * 3 <= most ? "d1" : count * 3 <= 2 * most ? "d2" : "d3"
        }
    }

    private func reading(_ reading: RowsContent.Reading) -> RowsView.Reading {
        let text = CellText(entities: EntityWriter(Representation(), context: .core))
        return RowsView.Reading(
            at: reading.at.text,
            id: reading.id.uri,
            attribute: LDContext.core.compact(reading.name),
            value: Self.shortened(text.text(of: reading.attribute)),
            unit: reading.attribute.unitCode.map(Words.unit) ?? ""
        )
    }

    private static func shortened(_ text: String) -> String {
        text.count > 60 ? text.prefix(59) + "…" : text
    }

    // MARK: Ways

    /// This month and the five before it.
    private func months(_ question: RowsQuestion, now: Timestamp) -> [RowsView.Link] {
        var (year, month) = (
            Int(now.text.prefix(4)) ?? 0, Int(now.text.dropFirst(5).prefix(2)) ?? 1
        )
        return (0..<6).map { _ in
            let name = Self.padded(year, 4) + "-" + Self.padded(month, 2)
            let last = CivilDate.days(inMonth: month, of: year)
            defer {
                month -= 1
                if month == 0 { (year, month) = (year - 1, 12) }
            }
            return RowsView.Link(
                name: name,
                path: path(question) {
                    ($0.firstDay, $0.lastDay) = (name + "-01", name + "-" + Self.padded(last, 2))
                    $0.offset = 0
                }
            )
        }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private func downloads(_ question: RowsQuestion, _ days: String) -> [RowsView.Download] {
        let t = voice.translation
        let now = "\(Paths.entities)?\(question.selection)"
        let past = "\(Paths.temporal)?\(question.selection)\(days)"
        let local = Words.label(ofType: question.type).replacing(" ", with: "-")
        let range = [question.firstDay, question.lastDay].filter { !$0.isEmpty }
        let name = ([local, "readings"] + range).joined(separator: "-")
        let which = range.isEmpty ? t("rowsAllReadings") : t("rowsSomeReadings")
        return [
            .init(
                name: t("rowsNow") + ", CSV",
                path: now + "&format=csv&layout=wide",
                file: local + ".csv"
            ),
            .init(
                name: t("rowsNow") + ", GeoJSON",
                path: now + "&format=geojson&options=keyValues",
                file: local + ".geojson"
            ),
            .init(name: which + ", CSV", path: past + "&format=csv", file: name + ".csv"),
            .init(
                name: which + ", GeoJSON",
                path: past + "&format=geojson",
                file: name + ".geojson"
            ),
        ]
    }

    /// A link to an address that browsers may follow; only text where it is none.
    private func link(_ address: String?) -> RowsView.Link? {
        guard let address else { return nil }
        let isSafe = ["https://", "http://", "mailto:"].contains { address.hasPrefix($0) }
        return RowsView.Link(
            name: address.replacing("mailto:", with: ""),
            path: isSafe ? address : ""
        )
    }
}
