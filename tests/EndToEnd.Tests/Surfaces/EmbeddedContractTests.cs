using EndToEnd.Tests.Surfaces.Scripts;

namespace EndToEnd.Tests.Surfaces;

/// <summary>The embedded store answers as Redis does: every case of the contract that needs no second account.</summary>
public sealed class EmbeddedContractTests(EmbeddedWorld world) : IClassFixture<EmbeddedWorld>
{
    private static readonly string[] OfAnother = ["{outsider}", "{foreign}", "{outworker}", "{outactivity}", "{outtunnel}", "{outhost}"];

    private static readonly Dictionary<string, Case> Cases = new[] { "runs", "workers", "tunnels" }
        .SelectMany(file => CaseFile.Read($"{file}.http").Where(one => !NamesAnother(one)).Select(one => (Name: $"{file}: {one.Title}", Case: one)))
        .ToDictionary(one => one.Name, one => one.Case);

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public Task Request_AsInTheContract_IsAnsweredSo(string title) => world.PlayAsync(Cases[title]);

    private static bool NamesAnother(Case one) => one.Exchanges.Any(exchange =>
        OfAnother.Any(name => exchange.Headers.Append(exchange.Target).Append(exchange.Body ?? "").Any(text => text.Contains(name, StringComparison.Ordinal))));
}
