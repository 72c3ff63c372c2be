import Glibc

/// A pedestrian counter that has counted hourly since 2019.
enum Counter {
    static let hours = 61_367
    static let hoursPerWeek = 168
    /// 2019-01-01T00:00:00Z.
    private static let firstSecond = 1_546_300_800
    private static let attribute = "peopleCount"

    static func path(_ name: String) -> String {
        "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:CrowdFlowObserved:\(name)"
    }

    static func count(_ hour: Int) -> Int { hour &* 7_919 % 997 }

    static func time(_ hour: Int) -> String { text(hour, "%Y-%m-%dT%H:%M:%SZ") }

    static func text(_ hour: Int, _ format: String) -> String {
        var seconds = time_t(firstSecond + hour * 3600)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            strftime(base, buffer.count, format, &parts)
            return String(cString: base)
        }
    }

    /// Appends the counts of these hours to the evolution.
    static func append(_ name: String, _ hours: Range<Int>) -> [UInt8] {
        Request("POST", path(name) + "/attrs", body: "{\(instances(hours))}").bytes
    }

    /// Creates the evolution with the counts of these hours.
    static func creation(_ name: String, _ hours: Range<Int>) -> [UInt8] {
        let id = "\"id\":\"urn:ngsi-ld:CrowdFlowObserved:\(name)\",\"type\":\"CrowdFlowObserved\""
        return Request(
            "POST",
            "/ngsi-ld/v1/temporal/entities",
            body: "{\(id),\(instances(hours))}"
        ).bytes
    }

    private static func instances(_ hours: Range<Int>) -> String {
        let all = hours.map {
            "{\"type\":\"Property\",\"value\":\(count($0)),\"observedAt\":\"\(time($0))\"}"
        }
        return "\"\(attribute)\":[\(all.joined(separator: ","))]"
    }

    /// Asks for weekly totals of these hours.
    static func weeklyTotals(_ name: String, _ hours: Range<Int>) -> [UInt8] {
        Request(
            "GET",
            path(name)
                + "?timerel=between&timeAt=\(time(hours.lowerBound))&endTimeAt=\(time(hours.upperBound))"
                + "&attrs=\(attribute)&options=aggregatedValues&aggrMethods=sum"
                + "&aggrPeriodDuration=P7D"
        ).bytes
    }

    /// What is wrong with the totals in the answer, if anything: each must be the sum of its week.
    static func check(_ answer: Message, _ hours: Range<Int>) -> String? {
        if let complaint = answer.isNot(200) { return complaint }
        guard var position = answer.body.offset(of: "\"sum\":[").map({ $0 + 7 }) else {
            return "no sums in the answer"
        }
        for first in stride(from: hours.lowerBound, to: hours.upperBound, by: hoursPerWeek) {
            let week = first..<min(first + hoursPerWeek, hours.upperBound)
            let expected = week.reduce(0) { $0 + count($1) }
            guard let open = answer.body.offset(of: "[", from: position),
                let close = answer.body.offset(of: "]", from: open)
            else { return "the totals end before the week of \(time(first))" }
            guard answer.body.number(at: open + 1) == expected else {
                return "the total of the week of \(time(first)) is not \(expected)"
            }
            position = close + 1
        }
        return answer.body[position] == UInt8(ascii: "]") ? nil : "more weeks than there were"
    }
}
