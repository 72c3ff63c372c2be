import NIOHTTP1

/// The rules of HTTP/1 messages (RFC 9112, RFC 9110) that the server behind does not implement.
///
/// - A request of HTTP/1.1 has one `Host` field, and no request has two (RFC 9112, section 3.2).
///   Others get 400, because a proxy in front may have used another host.
/// - A client that waits with its body (`Expect: 100-continue`) is told to continue (RFC 9110,
///   section 10.1.1).
/// - A client of HTTP/1.0 gets an answer that it can read, and then the connection is closed.
struct MessageRules {
    /// Whether a request was refused: everything after it on the connection is ignored.
    private(set) var isBroken = false
    /// Whether the client uses HTTP/1.0: then this is the last request of the connection.
    private(set) var isOld = false
    /// The requests whose answers have not ended: a client may send some ahead.
    private var unanswered = 0
    /// Whether the last of them waits with its body for the answers before it.
    private var owesContinue = false

    /// Begins a request; returns whether its client must be told to continue.
    ///
    /// Throws for a request without a host, or with two.
    mutating func begin(
        _ fields: RuledFields,
        _ version: HTTPVersion
    ) throws(HTTPParserError) -> Bool {
        guard fields.hosts == 1 || fields.hosts == 0 && version.isOld else {
            isBroken = true
            throw .invalidHeaderToken
        }
        unanswered += 1
        isOld = version.isOld
        guard fields.expectsContinue, !isOld else { return false }
        // Within another answer it would be taken for a part of that answer.
        owesContinue = unanswered > 1
        return !owesContinue
    }

    /// The head in a form that the client can read.
    func ruled(_ head: HTTPResponseHead) -> HTTPResponseHead {
        guard isOld else { return head }
        var head = head
        // HTTP/1.0 has no chunks: the body ends with the connection.
        head.version = .http1_0
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return head
    }

    /// Ends an answer; returns whether the client of the next request must be told to continue.
    mutating func end() -> Bool {
        unanswered -= 1
        guard owesContinue, unanswered == 1 else { return false }
        owesContinue = false
        return true
    }
}

/// The header fields that the rules need, found in one pass.
struct RuledFields {
    private(set) var hosts = 0
    /// The first `Host`.
    private(set) var host: String?
    private(set) var expectsContinue = false

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            // Most names have another length, and are not compared.
            switch name.utf8.count {
            case 4 where name.lowercased() == "host":
                hosts += 1
                host = host ?? value
            case 6 where name.lowercased() == "expect":
                let expectations = value.split(separator: ",")
                if expectations.contains(where: isContinue) { expectsContinue = true }
            default: break
            }
        }
    }

    private func isContinue(_ expectation: Substring) -> Bool {
        expectation.drop { $0 == " " || $0 == "\t" }.lowercased()
            .prefix { $0 != " " && $0 != "\t" } == "100-continue"
    }
}

extension HTTPVersion {
    /// Whether the version is before HTTP/1.1.
    fileprivate var isOld: Bool { major < 1 || major == 1 && minor < 1 }
}
