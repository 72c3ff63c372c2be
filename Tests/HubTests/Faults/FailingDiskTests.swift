import Foundation
import Glibc
import Processes
import Testing

/// Calls on the hub's database files fail.
@Suite struct FailingDiskTests {
    /// The call that fails, with its error, and the answer to a write then.
    struct Fault: Sendable, CustomTestStringConvertible {
        var call: String
        var code: Int32
        var status: Int

        var testDescription: String { "\(call) \(code)" }
    }

    static let faults = [
        Fault(call: "sync", code: EIO, status: 500), Fault(call: "write", code: EIO, status: 500),
        Fault(call: "write", code: ENOSPC, status: 507),
        Fault(call: "sync", code: ENOSPC, status: 507),
    ]

    @Test(arguments: faults)
    func `a write that is not on disk is not acknowledged, and the health reports it`(
        fault: Fault
    ) async throws {
        let folder = try TestFolder()
        let disk = FailingDisk(folder)
        let hub = try await RealHub(folder: folder, settings: try disk.settings)
        try await HubClient.with { client in
            let filling = Filling(hub: hub, client: client, textBytes: 10_000)
            let kept = try await filling.fill(upTo: 3)
            #expect(try await filling.health() == 200)

            try disk.fails(fault)
            for number in 3..<6 { #expect(try await filling.create(number).status == fault.status) }
            #expect(try await filling.found() == kept)
            #expect(try await filling.health() == 503)
            // A request that writes nothing tells nothing about the disk.
            #expect(try await filling.changeUnknown().status == 404)
            #expect(try await filling.health() == 503)

            try disk.recovers()
            // The question for its health makes the hub try again, without a write.
            #expect(try await filling.health() == 200)
            #expect(try await filling.create(6).status == 201)
            #expect(try await filling.found() == kept + [6])
            #expect(try await filling.health() == 200)

            try disk.fails(fault)
            #expect(try await filling.create(7).status == fault.status)
            await hub.kill()
            let next = try await RealHub(folder: folder)
            let after = Filling(hub: next, client: client, textBytes: 10_000)
            // The failed write may have reached the log.
            #expect([kept + [6], kept + [6, 7]].contains(try await after.found()))
            #expect(try await after.create(8).status == 201)
            #expect(await next.stop() == .exited(0))
        }
    }
}

/// What makes the calls of a hub on its files fail.
struct FailingDisk {
    private let path: String

    init(_ folder: TestFolder) { path = folder.path + "/fault" }

    /// The library is next to the test bundle.
    var settings: [String: String] {
        get throws {
            let library = try ChildProcess.product("libDiskFaults.so").path
            return ["LD_PRELOAD": library, "DISK_FAULT": path]
        }
    }

    func fails(_ fault: FailingDiskTests.Fault) throws {
        try Data("\(fault.call) \(fault.code)".utf8).write(
            to: URL(filePath: path),
            options: .atomic
        )
    }

    func recovers() throws { try FileManager.default.removeItem(atPath: path) }
}
