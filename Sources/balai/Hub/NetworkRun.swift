import Broker
import CityServices
import Collect
import ContextModel
import Foundation
import Outbound

/// Runs the hubs of several cities as processes of their own, makes them members of one network, and stops them.
struct NetworkRun: Sendable {
    let folder: String
    let port: Int
    let cities: [NetworkCity]
    let logLevel: String

    /// A city with its hub.
    private struct RunningCity: Sendable {
        let city: NetworkCity
        let folder: String
        let url: String
        let process: ChildHub
    }

    /// How many hubs are spoken to at a time.
    private static let width = 4

    /// Returns when the hubs have stopped: at SIGINT or SIGTERM, or when one of them ends.
    func run() async throws {
        let members = folder + "/members"
        try Self.make(folder: members)
        let running = try await start(members)
        do {
            try await writeMembers(running, in: members)
            for city in running { city.process.send(SIGHUP) }
            try await link(running)
            try StandardOutput.line("ready \(running.count) cities from \(running[0].url)")
        } catch {
            await stop(running)
            throw error
        }
        await ChildHub.untilAnyEnds(running.map(\.process))
        await stop(running)
    }

    // MARK: - Starting and stopping

    private func start(_ members: String) async throws -> [RunningCity] {
        var running: [RunningCity] = []
        for (number, city) in cities.enumerated() {
            let path = "\(folder)/\(city.key)"
            try Self.make(folder: path)
            let url = "http://127.0.0.1:\(port + number)"
            try write(city, url: url, members, in: path)
            let process = try ChildHub(
                ["network-city", "--config", path + "/balai.yaml", city.name],
                log: path + "/log.txt"
            )
            running.append(RunningCity(city: city, folder: path, url: url, process: process))
        }
        for city in running {
            guard await city.process.isReady() else {
                await stop(running)
                throw StartError(
                    .address,
                    "The hub of \(city.city.name) did not start; \(city.folder)/log.txt says why."
                )
            }
        }
        return running
    }

    private func stop(_ running: [RunningCity]) async {
        for city in running { city.process.send(SIGTERM) }
        for city in running { await city.process.ended() }
    }

    /// Writes the configuration of a city's hub, and which city it is.
    private func write(
        _ city: NetworkCity,
        url: String,
        _ members: String,
        in path: String
    ) throws {
        let place: JSONObject = [
            "name": .string(city.name), "latitude": .number(JSONNumber(city.latitude)),
            "longitude": .number(JSONNumber(city.longitude)),
        ]
        let data = path + "/data"
        _ = try DataFolder(creating: data)
        try DataFolder.write(JSONValue.object(place).text + "\n", toNewFile: data + "/city.json")
        let number = url.split(separator: ":").last ?? ""
        let settings = """
            host: 127.0.0.1
            port: \(number)
            data: "\(data)"
            publicURL: "\(url)"
            network:
              state: \(city.state)
              members: "\(members)"
            contexts:
              allowPrivateAddresses: true
            log:
              level: \(logLevel)

            """
        try DataFolder.write(settings, toNewFile: path + "/balai.yaml")
    }

    private static func make(folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch { throw StartError(.folder, "The folder \(folder) cannot be created.") }
    }

    // MARK: - Joining

    /// Writes what each hub says of itself, for all others to read.
    private func writeMembers(_ running: [RunningCity], in members: String) async throws {
        for city in running {
            let own = try await askingHubs { try await HTTPHub(base: city.url).ownMember() }
            let texts = own?["descriptions"]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard !texts.isEmpty else {
                throw StartError(.usage, "The hub of \(city.city.name) does not say what it is.")
            }
            try DataFolder.write(
                texts.joined(separator: "\n") + "\n",
                toNewFile: "\(members)/\(city.city.key)\(MemberFiles.suffix)"
            )
        }
    }

    /// Registers each hub at each other one, as a source of what cities tell each other.
    private func link(_ running: [RunningCity]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, city) in running.enumerated() {
                if number >= Self.width { try await group.next() }
                group.addTask { try await register(others(than: city, of: running), at: city) }
            }
            try await group.waitForAll()
        }
    }

    private func others(than city: RunningCity, of all: [RunningCity]) -> [RunningCity] {
        all.filter { $0.url != city.url }
    }

    private func register(_ others: [RunningCity], at city: RunningCity) async throws {
        let token = try DataFolder(creating: city.folder + "/data").existingOperatorToken()
        let hub = HTTPHub(base: city.url, token: token)
        let path = "/ngsi-ld/v1/csourceRegistrations"
        let known = try JSONReader.read(
            try await askingHubs {
                try await hub.get(path + "?type=KeyPerformanceIndicator&limit=1000")
            }
        )
        let names = Set(
            (known.arrayValue ?? []).compactMap { $0.objectValue?["id"]?.stringValue }
        )
        for other in others {
            let id = "urn:ngsi-ld:ContextSourceRegistration:\(other.city.key)"
            guard !names.contains(id) else { continue }
            let types = NetworkCityDevices.types.map { JSONValue.object(["type": .string($0)]) }
            let body: JSONObject = [
                "id": .string(id), "type": "ContextSourceRegistration",
                "registrationName": .string(other.city.name),
                "endpoint": .string(other.url),
                "information": [["entities": .array(types)]],
                "operations": ["federationOps"],
                // Each city is asked by the first one; otherwise each would ask all others again.
                "management": ["localOnly": true],
            ]
            _ = try await askingHubs { try await hub.post(path, JSONValue.object(body).serialized) }
        }
    }
}
