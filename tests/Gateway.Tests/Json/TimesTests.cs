using Coordinator.Gateway.Transcoding.Json;

namespace Gateway.Tests.Json;

/// <summary>Times as text, in both directions.</summary>
public sealed class TimesTests
{
    [Theory]
    [InlineData("1970-01-01T00:00Z", 0)]
    [InlineData("1970-01-01T00:00:00.5Z", 500)]
    [InlineData("2023-11-07T05:31:56.3309999Z", 1_699_335_116_330)]
    [InlineData("0000-01-01T00:00:00Z", -62_167_219_200_000)]
    [InlineData("9999-12-31T23:59:59.999Z", 253_402_300_799_999)]
    [InlineData("2024-02-29T00:00:00Z", 1_709_164_800_000)]
    [InlineData("1969-12-31T23:59:59.999Z", -1)]
    public void TryParse_Time_IsItsMilliseconds(string text, long milliseconds)
    {
        Assert.True(Times.TryParse(text, out var parsed));
        Assert.Equal(milliseconds, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2023-02-29T00:00:00Z")]
    [InlineData("1900-02-29T00:00:00Z")]
    [InlineData("2023-13-01T00:00:00Z")]
    [InlineData("2023-04-31T00:00:00Z")]
    [InlineData("2023-01-01T24:00:00Z")]
    [InlineData("2023-01-01T00:60:00Z")]
    [InlineData("2023-01-01T00:00:60Z")]
    [InlineData("2023-01-01T00:00:00")]
    [InlineData("2023-01-01T00:00:00z")]
    [InlineData("2023-01-01T00:00:00+00:00")]
    [InlineData("2023-01-01T00:00:00.Z")]
    [InlineData("2023-01-01T00:00:00Z\n")]
    [InlineData(" 2023-01-01T00:00:00Z")]
    [InlineData("2023-01-01")]
    [InlineData("10000-01-01T00:00:00Z")]
    [InlineData("٢٠٢٣-01-01T00:00:00Z")]
    public void TryParse_WhatIsNoTime_IsRefused(string text) => Assert.False(Times.TryParse(text, out _));

    [Fact]
    public void Format_AnyDayOfTheCalendar_ReadsBack()
    {
        // Each day of every fourth year or so, at a moment that differs from day to day.
        for (var milliseconds = -62_167_219_200_000; milliseconds <= 253_402_300_799_999; milliseconds += 86_399_999L * 365)
        {
            var text = Times.Format(milliseconds, decimals: true);
            Assert.True(Times.TryParse(text, out var parsed), text);
            Assert.Equal(milliseconds, parsed);
        }
    }

    [Fact]
    public void Format_AsTheFrameworkDoes()
    {
        for (var milliseconds = DateTimeOffset.MinValue.ToUnixTimeMilliseconds(); milliseconds < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds(); milliseconds += 86_399_999L * 97)
        {
            var expected = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(expected, Times.Format(milliseconds, decimals: true));
        }
    }

    [Fact]
    public void Format_WithoutDecimals_CutsThemOff() => Assert.Equal("1969-12-31T23:59:59Z", Times.Format(-1, decimals: false));
}
