namespace Benchmarks.Report;

/// <summary>What several rounds gave: their median and their range.</summary>
internal sealed record Figure(double Median, double Least, double Most)
{
    public static Figure Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return new(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }
}
