package import ContextModel

/// Signs requests of one caller to a member of the network.
package struct RequestSigner: Sendable {
    private let member: MemberID
    private let key: MemberKey
    private let requester: Requester
    private let nonce: @Sendable () -> String
    private let clock: @Sendable () -> Timestamp

    /// `nonce` makes texts that differ each time.
    package init(
        _ member: MemberID,
        _ key: MemberKey,
        _ requester: Requester,
        nonce: @escaping @Sendable () -> String,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.member = member
        self.key = key
        self.requester = requester
        self.nonce = nonce
        self.clock = clock
    }

    /// The fields that make a request the hub's own; each sending needs new ones.
    ///
    /// Throws where the address is none, or the system cannot sign.
    package func fields(
        method: String,
        url: String,
        fields: [KeyValuePair],
        body: [UInt8]
    ) throws -> [KeyValuePair] {
        guard var request = SignableRequest(method: method, url: url) else {
            throw SignatureError(.malformed, "\(url) is no address that can be signed for.")
        }
        for field in fields { request.add(field.key, field.value) }
        let known = request.fields.count
        try HubSignature.sign(
            &request,
            body: body,
            from: requester,
            by: member,
            with: key,
            nonce: nonce(),
            at: clock()
        )
        return request.fields[known...].map { KeyValuePair(key: $0.name, value: $0.value) }
    }
}
