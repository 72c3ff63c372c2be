import Broker
import ContextModel
import Governance

/// How far the first run of a hub is.
struct SetupState: Sendable {
    /// What anyone may see.
    enum Reach: Sendable, Equatable {
        case nothing, everything
        case types([String])

        /// Reads `public` of the kept rules, whose types are whole names.
        init(_ rule: JSONValue?) {
            let types = rule?.objectValue?["types"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let isScoped = rule?.objectValue?["scopes"]?.arrayValue?.isEmpty == false
            self =
                types.isEmpty && !isScoped
                ? .nothing
                : types.contains("*") && !isScoped
                    ? .everything : .types(types.map { LDContext.core.compact(IRI($0)) })
        }

        /// Reads the form; throws for one without a choice, and for types without a name.
        init(form fields: QueryItems) throws(BrokerError) {
            switch fields["public"] {
            case "none": self = .nothing
            case "all": self = .everything
            case "types":
                let types = (fields["types"] ?? "").split { $0 == "," || $0 == " " }
                guard !types.isEmpty else {
                    throw BrokerError(.badRequestData, "types: Name at least one type.")
                }
                self = .types(types.map(String.init))
            default: throw BrokerError(.badRequestData, "public: It must be none, types or all.")
            }
        }

        /// The kept rules with this choice, and everything else in them as it is.
        ///
        /// They name their version, so that they replace no newer ones.
        func rules(_ kept: KeptRules?) -> JSONObject {
            var rules = kept?.rules.source ?? JSONObject()
            var open = rules["public"]?.objectValue ?? JSONObject()
            switch self {
            case .nothing:
                // Rules are refused that hide attributes of nothing.
                for member in ["types", "scopes", "hiddenAttributes"] { open[member] = nil }
            case .everything: open["types"] = ["*"]
            // Data may be public by its scope alone.
            case .types([]): break
            case .types(let types): open["types"] = .array(types.map { .string($0) })
            }
            rules["public"] = .object(open)
            rules["version"] = kept.map { .number(JSONNumber($0.version)) }
            return rules
        }
    }

    var city: CityProfile?
    var `public`: Reach
    /// The kept rules, as the form puts them unless it is changed.
    var rules: JSONObject
    /// The types of the data that there is.
    var types: [String]
    /// The names of the sources that there are.
    var sources: [String]
    /// The step that was just done.
    var done: String?
    /// What was wrong with a form.
    var problem: String?
}

/// The page of the first run, for its template.
struct SetupView {
    var shell: PageShell
    var t: [String: String]
    var query: String
    /// Whether the visitor runs the hub; others read how to sign in.
    var isOperator: Bool
    var problem: String?
    var isCityDone = false
    var name = ""
    var latitude = ""
    var longitude = ""
    var licence = ""
    var contact = ""
    var cityCommand = ""
    var isNothing = false
    var isEverything = false
    var isTypes = false
    var types = ""
    var known = ""
    var isRulesDone = false
    var rulesCommand = ""
    var isDataDone = false
    var dataText = ""
    /// Says which sources there are; nil for none.
    var sourcesText: String?
    /// A map to begin with.
    var exampleMap = FirstSource.example
    var dataCommands: [String] = []
    var sourceCommands: [String] = []
    var loginCommand = ""
}

extension PageRenderer {
    /// `state` is nil for a visitor who does not run the hub.
    func setup(_ state: SetupState?, base: String = "") throws -> String {
        let t = voice.translation
        var shell = shell(t("setupTitle"), isTranslated: true)
        shell.isSetup = true
        var view = SetupView(
            shell: shell,
            t: t.words,
            query: voice.query,
            isOperator: state != nil
        )
        guard let state else {
            // Where the data is, strangers are not told.
            view.loginCommand = "balai login"
            return try render(view, "setup")
        }
        view.problem = state.problem
        view.isCityDone = state.city != nil
        view.name = state.city?.name ?? ""
        view.latitude = state.city.map { "\($0.latitude)" } ?? ""
        view.longitude = state.city.map { "\($0.longitude)" } ?? ""
        view.licence = state.city?.licence ?? ""
        view.contact = state.city?.contact ?? ""
        view.cityCommand = command(
            base + "/hub/city",
            state.city?.json.text ?? #"{"name": "Ranong", "latitude": 9.97, "longitude": 98.64}"#
        )
        switch state.public {
        case .nothing: view.isNothing = true
        case .everything: view.isEverything = true
        case .types(let types):
            view.isTypes = true
            view.types = types.joined(separator: ", ")
        }
        view.isRulesDone = state.done == "rules" || state.public != .nothing
        view.known = state.types.joined(separator: ", ")
        view.rulesCommand = command(
            base + "/governance/v1/rules",
            JSONValue.object(state.rules).text
        )
        view.isDataDone = !state.types.isEmpty || !state.sources.isEmpty
        view.dataText = t("setupDataThere", ["types": "\(state.types.count)"])
        if !state.sources.isEmpty {
            view.sourcesText = t(
                "setupSourcesThere",
                ["names": state.sources.joined(separator: ", ")]
            )
        }
        let options = dataOption
        view.dataCommands = [
            "balai import geojson districts.geojson --type District" + options,
            "balai import csv readings.csv --map map.yaml" + options,
            "balai import xlsx readings.xlsx --map map.yaml" + options,
            "balai import gtfs timetable.zip" + options,
        ]
        view.sourceCommands = [
            "balai source suggest message.json > air.source.yaml",
            request("application/yaml", "--data-binary @air.source.yaml", base + "/sources/v1/air"),
        ]
        view.loginCommand = "balai login" + dataOption
        return try render(view, "setup")
    }

    /// The command that puts JSON, for the hub's own machine.
    private func command(_ address: String, _ json: String) -> String {
        request("application/json", "-d " + Self.quoted(json), address)
    }

    private func request(_ type: String, _ body: String, _ address: String) -> String {
        let folder = Self.quoted(settings.place?.dataFolder ?? "balai-data")
        return
            "curl --fail-with-body -X PUT -H \"Authorization: Bearer $(cat \(folder)/operator.token)\" "
            + "-H 'Content-Type: \(type)' \(body) \(address)"
    }

    /// The text as one word of a shell.
    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private var dataOption: String {
        guard let folder = settings.place?.dataFolder else { return "" }
        return " --data " + Self.quoted(folder)
    }
}
