import ContextModel

extension BodySchema {
    /// A message of JSON-RPC 2.0.
    static let modelContextSchema: JSONValue = object(
        [
            "jsonrpc": constant("2.0"),
            "id": ["type": ["string", "integer"]],
            "method": ["type": "string", "examples": ["tools/call"]],
            "params": [
                "type": "object",
                "examples": [["name": "query_entities", "arguments": ["type": "BusStop"]]],
            ],
        ],
        required: ["jsonrpc", "method"]
    )
}
