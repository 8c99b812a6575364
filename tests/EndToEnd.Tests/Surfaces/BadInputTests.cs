using EndToEnd.Tests.Harness;
using EndToEnd.Tests.Surfaces.Scripts;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>Input of every kind that must not be sent, as a table: G2, no answer is a 5xx and no process dies of it.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class BadInputTests(SurfaceWorld world)
{
    private static readonly Dictionary<string, BadInput> Rows = BadInput.Read("bad-input.txt").ToDictionary(row => row.Title);

    public static TheoryData<string> Titles => new(Rows.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public async Task Request_Bad_IsAnsweredAsInTheTable(string title)
    {
        var row = Rows[title];
        var answer = await RawHttp.SendAsync(world.Gateway.Port, await RequestAsync(row));
        var (right, enveloped) = row.Judge(answer.Status);
        Assert.True(right, $"{title}\nexpected {row.Statuses}, answered {answer.Status} {string.Join("; ", answer.Headers)}\n{answer.Body}");
        if (answer.Status >= 400 && enveloped)
        {
            AssertEnvelope(row, answer);
        }
    }

    private static void AssertEnvelope(BadInput row, RawAnswer answer)
    {
        Assert.Equal("application/json", answer.Header("content-type"));
        using var body = JsonDocument.Parse(answer.Body);
        foreach (var key in row.Operation.ErrorKeys)
        {
            Assert.True(body.RootElement.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String, $"{row.Title}\nno {key} in {answer.Body}");
        }
    }

    private async Task<byte[]> RequestAsync(BadInput row)
    {
        var runner = new CaseRunner(world.Gateway.Port, world.MakeAsync);
        var host = $"127.0.0.1:{world.Gateway.Port}";
        var input = BadInput.Bytes(await Template.FillAsync(row.Operation.Own(row.Input, host), runner.KnownAsync));
        if (row.Section == "raw")
        {
            return input;
        }

        var path = Encoding.ASCII.GetBytes(await Template.FillAsync(row.Operation.Path, runner.KnownAsync));
        var body = Encoding.UTF8.GetBytes(row.Operation.Good);
        List<byte> headers = [];
        switch (row.Section)
        {
            case "ids":
                path = [.. Encoding.ASCII.GetBytes(row.Operation.Before), .. input, .. Encoding.ASCII.GetBytes(row.Operation.After)];
                break;
            case "bodies":
                body = input;
                break;
            default:
                headers.AddRange([.. input, .. "\r\n"u8]);
                break;
        }

        // What the row sends instead, or does without, is not sent as well.
        var text = Encoding.Latin1.GetString([.. headers]);
        if (!text.StartsWith("Authorization:", StringComparison.Ordinal))
        {
            headers.AddRange(Encoding.ASCII.GetBytes($"Authorization: {await Template.FillAsync(row.Operation.Credential, runner.KnownAsync)}\r\n"));
        }

        if (!text.StartsWith("Content-Type:", StringComparison.Ordinal))
        {
            headers.AddRange("Content-Type: application/json\r\n"u8);
        }

        const string None = "Authorization: -\r\n";
        if (text.StartsWith(None, StringComparison.Ordinal))
        {
            headers.RemoveRange(0, None.Length);
        }

        return
        [
            .. "POST "u8, .. path, .. Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {body.Length}\r\n"),
            .. headers, .. "\r\n"u8, .. body,
        ];
    }
}
