using System.Text.Json;

namespace OptimizerBuild.Bench.Reporting;

/// <summary>The form of the figures in files.</summary>
internal static class Json
{
    /// <summary>Names in camel case, indented.</summary>
    public static JsonSerializerOptions Format { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };
}
