import ContextModel

/// Two coordinates in one text, such as `1.29 103.85`, `1.29,103.85` or `(1.29; 103.85)`.
enum CoordinateText {
    /// The coordinates in degrees; throws for a text that has not two numbers, or one beyond the globe.
    ///
    /// A comma separates them unless it stands for the decimal point.
    static func read(
        _ text: String,
        isLongitudeFirst: Bool,
        _ style: NumberStyle
    ) throws(RowRefusal) -> (latitude: JSONNumber, longitude: JSONNumber) {
        let separators: Set<Character> =
            style.hasDecimalComma ? [" ", "\t", ";"] : [" ", "\t", ";", ","]
        let brackets: Set<Character> = ["(", ")", "[", "]"]
        let parts = text.filter { !brackets.contains($0) }.split { separators.contains($0) }
        guard parts.count == 2 else {
            throw RowRefusal(
                reason: "`\(text.prefix(80))` is not two numbers like `1.29 103.85`."
            )
        }
        var numbers: [JSONNumber] = []
        for (part, limit) in zip(parts, isLongitudeFirst ? [180.0, 90] : [90, 180]) {
            guard let number = NumberText.read(String(part), style) else {
                throw NumberText.refusal(of: String(part), style)
            }
            guard abs(number.doubleValue) <= limit else {
                throw RowRefusal(reason: "`\(part)` is beyond \(Int(limit)) degrees.")
            }
            numbers.append(number)
        }
        return isLongitudeFirst ? (numbers[1], numbers[0]) : (numbers[0], numbers[1])
    }
}
