import Glibc
import Record
import StorageSQLite
import Testing

/// A child process adds entries and notes what was acknowledged, while it is killed and its disk fails.
@Suite struct RecordCrashTests {
    private static let folderVariable = "BALAI_RECORD_FOLDER"
    private static let secret = [UInt8](repeating: 7, count: 32)
    private static let name = "city.example/hub"

    private static func signer() throws -> NoteSigner {
        try #require(NoteSigner(name: name, purpose: .note, secretBytes: secret))
    }

    /// The child's part: adds entries until it is killed, and goes on after failures.
    @Test(.enabled(if: getenv(RecordCrashTests.folderVariable) != nil))
    func `a child adds entries until it is killed`() async throws {
        let folder = try #require(getenv(Self.folderVariable).map { String(cString: $0) })
        let signer = try Self.signer()
        let opening = SQLiteRecordStore.open(folder: folder, key: signer.key)
        let writer = RecordWriter(opening, signer: signer)
        let log = open("\(folder)/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    while !writer.isDamaged {
                        let number = try? await writer.append(.read(lane..<lane + 2))
                        let line = Array("\(number.map(String.init) ?? "failed")\n".utf8)
                        Glibc.write(log, line, line.count)
                        if let number, number % 50 == 0 { _ = try? await writer.signCheckpoint() }
                    }
                }
            }
        }
    }

    private func spawn(_ folder: Folder, _ more: [String: String] = [:]) throws -> pid_t {
        let own = [Self.folderVariable: folder.path]
        return try ChildTest.spawn(
            "a child adds entries until it is killed",
            more.merging(own) { $1 }
        )
    }

    private func lines(_ folder: Folder) -> [String] {
        ChildTest.lines(of: "\(folder.path)/acknowledged")
    }

    private func acknowledged(_ folder: Folder) -> [Int] { lines(folder).compactMap { Int($0) } }

    /// Returns without it when the child ends, or when it takes longer than anything here takes.
    private func wait(_ child: pid_t, until isReached: () -> Bool) {
        let start = ContinuousClock.now
        while !isReached(), waitpid(child, nil, WNOHANG) == 0,
            start.duration(to: .now) < .seconds(60)
        {
            sched_yield()
        }
    }

    private func kill(_ child: pid_t) {
        Glibc.kill(child, SIGKILL)
        waitpid(child, nil, 0)
    }

    /// The record is sound, and has what was acknowledged.
    private func check(_ folder: Folder) async throws {
        let signer = try Self.signer()
        let opening = SQLiteRecordStore.open(folder: folder.path, key: signer.key)
        let writer = RecordWriter(opening, signer: signer)
        #expect(writer.state == .sound)
        let numbers = acknowledged(folder)
        #expect(numbers.count == Set(numbers).count)
        #expect(writer.size > numbers.max() ?? 0)
        for number in numbers.suffix(5) {
            let proof = try await writer.proof(of: number)
            #expect(throws: Never.self) { try ProofVerifier(keys: [signer.key]).verify(proof) }
        }
        await writer.close()
    }

    @Test(.enabled(if: getenv(RecordCrashTests.folderVariable) == nil))
    func `a killed process loses no entry that it acknowledged`() async throws {
        let folder = Folder()
        for _ in 0..<3 {
            let wanted = acknowledged(folder).count + Int.random(in: 1...400)
            let child = try spawn(folder)
            wait(child) { acknowledged(folder).count >= wanted }
            kill(child)
            #expect(acknowledged(folder).count >= wanted, "the child did not write")
            try await check(folder)
        }
    }

    @Test(
        .enabled(if: getenv(RecordCrashTests.folderVariable) == nil),
        arguments: ["sync 5", "write 28"]
    )
    func `a disk that fails is told to each caller, and entries go on when it is well`(
        fault: String
    ) async throws {
        let folder = Folder()
        let path = "\(folder.path)/fault"
        let disk = ["LD_PRELOAD": try ChildTest.library("libDiskFaults.so"), "DISK_FAULT": path]
        let child = try spawn(folder, disk)
        wait(child) { acknowledged(folder).count >= 50 }

        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(write(file, fault, fault.utf8.count) == fault.utf8.count)
        close(file)
        func failures() -> Int { lines(folder).count { $0 == "failed" } }
        wait(child) { failures() >= 100 }
        let before = acknowledged(folder).count
        wait(child) { failures() >= 200 }
        #expect(failures() >= 200, "the disk did not fail")
        // Those that had been acknowledged when the disk failed had all been written down by then.
        #expect(acknowledged(folder).count == before)

        unlink(path)
        wait(child) { acknowledged(folder).count >= before + 50 }
        kill(child)
        #expect(acknowledged(folder).count >= before + 50, "the child did not go on")
        try await check(folder)
    }
}
