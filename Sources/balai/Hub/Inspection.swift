import Broker
import Glibc
import Governance
import Services
import Storage
import StorageSQLite

/// The findings of `balai check`.
struct Inspection: Encodable, Sendable {
    /// A fact that the operator should know.
    struct Finding: Encodable, Sendable, Equatable {
        enum Area: String, Encodable, Sendable {
            case configuration, service, folder, token, database
        }
        var area: Area
        var isProblem: Bool
        var text: String
    }
    private(set) var findings: [Finding] = []
    private(set) var isSound = true

    /// Checks everything, even after the first finding.
    init(_ options: HubOptions) async {
        do {
            let configuration = try await options.configuration()
            noteServices(configuration)
            inspectFolder(configuration.dataFolder)
        } catch {
            for text in error.findings { add(.configuration, text) }
        }
    }

    /// The exit code; nil when there is no problem.
    var exitCode: Int32? {
        if isSound { return nil }
        return findings.contains { $0.area == .configuration && $0.isProblem } ? EX_CONFIG : 1
    }

    /// Notes the rights of services under the configuration.
    private mutating func noteServices(_ configuration: HubConfiguration) {
        for service in KnownServices.all {
            let name = service.name.text
            guard configuration.runs(service) else {
                note(.service, "\(name) is switched off.")
                continue
            }
            let rights = Policy(permissions: configuration.permissions(of: service))
                .summary(of: service.name)
            note(
                .service,
                rights.isEmpty
                    ? "\(name) may do no more than anybody, where it runs."
                    : "\(name) may, where it runs: \(rights.joined(separator: "; "))."
            )
        }
    }

    private mutating func inspectFolder(_ path: String) {
        guard let folder = DataFolder(existing: path) else {
            return note(.folder, "\(path) does not exist yet; the first start creates it.")
        }
        do {
            if try folder.existingOperatorToken() == nil {
                note(.token, "There is no operator's token yet; the first start creates it.")
            }
            _ = try PartyTokens(of: folder)
        } catch {
            add(.token, "\(error)")
        }
        inspectDatabase(folder)
    }

    private mutating func inspectDatabase(_ folder: DataFolder) {
        guard access(folder.databasePath, F_OK) == 0 else {
            return note(.database, "There is no database yet; the first start creates it.")
        }
        let findings = SQLiteStore.inspect(
            folder: folder.path,
            documents: Document.kindsToCheck,
            \.refusal
        )
        for finding in findings { add(.database, finding) }
    }

    private mutating func add(_ area: Finding.Area, _ text: String) {
        findings.append(Finding(area: area, isProblem: true, text: text))
        isSound = false
    }

    private mutating func note(_ area: Finding.Area, _ text: String) {
        findings.append(Finding(area: area, isProblem: false, text: text))
    }
}
