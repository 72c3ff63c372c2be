import NIOHTTP1

/// Keeps to those rules of HTTP/1 messages (RFC 9112, RFC 9110) that the server behind it does not
/// know.
///
/// - A request of HTTP/1.1 has one `Host` field, and none has two (RFC 9112, section 3.2): others
///   get 400, for a proxy in front may have taken another host for the right one.
/// - A client that waits with its body until it is told to go on (`Expect: 100-continue`) is told
///   (RFC 9110, section 10.1.1).
/// - A client of HTTP/1.0 gets an answer it can read, and the connection is closed behind it.
struct MessageRules {
    /// Whether a request was refused: nothing that follows it on the connection is looked at.
    private(set) var isBroken = false
    /// Whether the client speaks HTTP/1.0: then this is the last request of the connection.
    private(set) var isOld = false
    /// Requests whose answers have not ended: a client may send some ahead.
    private var unanswered = 0
    /// Whether the last of them waits with its body for the answers before it.
    private var owesContinue = false

    /// Begins a request; returns whether its client is to be told to go on.
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
        // In the middle of another answer it would be taken for a part of it.
        owesContinue = unanswered > 1
        return !owesContinue
    }

    /// The head as the client can read it.
    func ruled(_ head: HTTPResponseHead) -> HTTPResponseHead {
        guard isOld else { return head }
        var head = head
        // Of this version no chunks are sent: the end of the connection is that of the body.
        head.version = .http1_0
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return head
    }

    /// Ends an answer; returns whether the client of the next request is to be told to go on.
    mutating func end() -> Bool {
        unanswered -= 1
        guard owesContinue, unanswered == 1 else { return false }
        owesContinue = false
        return true
    }
}

/// What a request's header fields say that the rules ask for, found in one walk over them.
struct RuledFields {
    private(set) var hosts = 0
    /// The first `Host`.
    private(set) var host: String?
    private(set) var expectsContinue = false

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            // Most names are of another length, and so need no closer look.
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
    /// Whether it is older than HTTP/1.1.
    fileprivate var isOld: Bool { major < 1 || major == 1 && minor < 1 }
}
