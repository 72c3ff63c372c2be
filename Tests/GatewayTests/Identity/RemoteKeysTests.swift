import Broker
import ContextModel
import Logging
import Synchronization
import Testing

@testable import Gateway

/// An issuer's keys at a URL: fetched when they are needed, and no more often than that.
@Suite struct RemoteKeysTests {
    /// What is at the URL, and how often it was fetched.
    private final class Site: Sendable {
        let answer = Mutex<[UInt8]?>(nil)
        let count = Mutex(0)
        let gate = Mutex<AsyncStream<Void>?>(nil)

        func fetch() async throws -> [UInt8] {
            count.withLock { $0 += 1 }
            if let gate = gate.withLock({ $0 }) { for await _ in gate {} }
            guard let answer = answer.withLock({ $0 }) else { throw SiteError() }
            return answer
        }

        struct SiteError: Error {}
        var fetches: Int { count.withLock { $0 } }

        func publish(_ key: HubKey?) {
            let x = key?.publicX
            let keys: [JSONValue] =
                x.map {
                    [
                        [
                            "kty": "OKP", "crv": "Ed25519", "kid": .string(key?.id ?? ""),
                            "x": .string($0),
                        ]
                    ]
                } ?? []
            answer.withLock { $0 = JSONValue.object(["keys": .array(keys)]).serialized }
        }
    }

    private let site = Site()
    private let time = TokenWorld.Seconds()

    private func keys() -> RemoteKeys {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return RemoteKeys(of: "urn:x", clock: time.clock, logger: logger, fetch: site.fetch)
    }

    private func pass(_ seconds: Int64) { time.now.withLock { $0 += seconds } }

    private func token(_ key: HubKey) throws -> UnverifiedToken {
        try UnverifiedToken(key.sign(key.header(), ["iss": "urn:x"]))
    }

    @Test func `keys are fetched when one is unknown, and not again at once`() async throws {
        let (first, second) = (try await HubKey.make(), try await HubKey.make())
        let keys = keys()
        site.publish(first)
        #expect(keys.keys.isEmpty)
        await keys.refresh()
        #expect(try keys.keys.verify(token(first)) == true)
        // Whoever makes up names of keys makes no requests of them.
        site.publish(second)
        for _ in 0..<100 { await keys.refresh() }
        #expect(site.fetches == 1)
        #expect(try keys.keys.verify(token(second)) == nil)
        pass(RemoteKeys.leastSeconds)
        await keys.refresh()
        #expect(site.fetches == 2)
        #expect(try keys.keys.verify(token(second)) == true)
        #expect(try keys.keys.verify(token(first)) == nil)
    }

    @Test func `an issuer that does not answer is asked ever later`() async throws {
        let keys = keys()
        var gaps: [Int64] = []
        var gap: Int64 = 0
        await keys.refresh()
        while gaps.count < 6 {
            pass(1)
            gap += 1
            let before = site.fetches
            await keys.refresh()
            if site.fetches > before {
                gaps.append(gap)
                gap = 0
            }
        }
        #expect(gaps == [30, 60, 120, 240, 480, 480])
    }

    @Test func `many who wait share one fetch, and those whose key is known do not wait`()
        async throws
    {
        let key = try await HubKey.make()
        let keys = keys()
        site.publish(key)
        await keys.refresh()
        pass(RemoteKeys.leastSeconds)
        let known = try token(key)
        let (gate, open) = AsyncStream<Void>.makeStream()
        site.gate.withLock { $0 = gate }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await keys.refresh() } }
            while site.fetches < 2 { await Task.yield() }
            #expect(keys.keys.verify(known) == true)
            open.finish()
        }
        #expect(site.fetches == 2)
    }

    @Test(arguments: ["", "{", "{\"keys\": 1}", "{\"keys\": [], \"keys\": []}"])
    func `an answer that is no key set changes nothing`(text: String) async throws {
        let key = try await HubKey.make()
        let keys = keys()
        site.publish(key)
        await keys.refresh()
        site.answer.withLock { $0 = Array(text.utf8) }
        pass(RemoteKeys.leastSeconds)
        await keys.refresh()
        #expect(site.fetches == 2)
        #expect(try keys.keys.verify(token(key)) == true)
        // But not for ever.
        pass(86_400)
        #expect(keys.keys.isEmpty)
    }
}
