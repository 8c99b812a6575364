using Spectre.Console;
using System.Globalization;
using System.Text.Json;

namespace Benchmarks.Report;

/// <summary>Shows results: as one table, and as files for programs and for the plot.</summary>
internal static class Reporter
{
    private const int Widest = 1_000;
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void Show(Outcome results, TextWriter output)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = Widest;
        var table = new Table().Border(TableBorder.Markdown);
        foreach (var heading in new[] { "workload", "unit", "ours", "peer", "limit", "of peer", "of limit", "CPU s per million operations", "target" })
        {
            table.AddColumn(new TableColumn(heading).NoWrap());
        }

        foreach (var row in results.Rows)
        {
            table.AddRow([.. new[]
            {
                row.Workload, row.Unit, Text(row.Ours), Text(row.Peer), Text(row.Limit), Ratio(row.ToPeer), Ratio(row.ToLimit), Cpu(row),
                row.Met is { } met ? $"{row.Target}: {(met ? "met" : "missed")}" : row.Target,
            }.Select(cell => new Text(cell))]);
        }

        console.Write(table);
        foreach (var line in text.ToString().Split('\n').Where(line => !string.IsNullOrWhiteSpace(line)))
        {
            output.WriteLine(line.TrimEnd());
        }

        output.WriteLine($"{results.Machine}, {results.Cores} cores, load {results.LoadBefore:0.00} before and {results.LoadAfter:0.00} after, "
            + $"medians [least–most] of {results.Rounds} alternated rounds of {results.WindowSeconds} s");
    }

    /// <summary>Writes <c>NAME.json</c> and, for the plot, <c>NAME.tsv</c>: workload, ratio to the peer, ratio to the limit.</summary>
    public static async Task WriteAsync(Outcome results, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync($"{path}.json", JsonSerializer.Serialize(results, Indented) + "\n").ConfigureAwait(false);
        await File.WriteAllLinesAsync($"{path}.tsv", results.Rows.Where(row => row.ToPeer is not null || row.ToLimit is not null)
            .Select(row => string.Join('\t', row.Workload, Number(row.ToPeer), Number(row.ToLimit)))).ConfigureAwait(false);
    }

    private static string Number(Figure? figure) => figure is null ? "NaN" : figure.Median.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Text(Named? named) => named is null ? "" : $"{named.Name} {Text(named.Figure)}";

    private static string Text(Figure figure) =>
        figure.Least.Equals(figure.Most) ? Short(figure.Median) : $"{Short(figure.Median)} [{Short(figure.Least)}–{Short(figure.Most)}]";

    private static string Ratio(Figure? ratio) => ratio is null ? "" : $"{ratio.Median:0.00} [{ratio.Least:0.00}–{ratio.Most:0.00}]";

    // Three digits say more than the noise leaves.
    private static string Short(double value) => Math.Abs(value) switch
    {
        >= 1_000_000 => $"{value / 1_000_000:0.00} M",
        >= 10_000 => $"{value / 1_000:0.0} k",
        >= 100 => $"{value:0}",
        >= 1 => $"{value:0.0}",
        _ => $"{value:0.00}",
    };

    private static string Cpu(Row row) => string.Join("; ", row.Cpu.Select(contestant =>
        $"{contestant.Key}: {string.Join(", ", contestant.Value.Select(process => $"{process.Key} {process.Value:0.0}"))}"));
}
