using System.Globalization;

namespace OptimizerBuild.Bench;

/// <summary>The arguments of the benchmark.</summary>
internal sealed record BenchArguments
{
    /// <summary>The command.</summary>
    public required string Command { get; init; }

    /// <summary>The model files; empty: those of <c>bench/models.json</c>.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Threads of one prediction.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>How long one model is measured.</summary>
    public double Seconds { get; init; } = 3;

    /// <summary>Metadata of the items, beside those of <c>bench/models.json</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The file for the figures as JSON; null: none.</summary>
    public string? Json { get; init; }

    /// <summary>A file of figures from an earlier run to compare with; null: none.</summary>
    public string? Against { get; init; }

    /// <summary>The file for the figures as a table; null: none.</summary>
    public string? Markdown { get; init; }

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">An argument is not understood.</exception>
    public static BenchArguments Parse(IReadOnlyList<string> args)
    {
        if (args.Count == 0)
            throw new FormatException("a command is missing");
        var models = new List<string>();
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var arguments = new BenchArguments { Command = args[0], Models = models, Metadata = metadata };
        for (int i = 1; i < args.Count; i++)
        {
            string option = args[i];
            string Value() => i + 1 < args.Count ? args[++i] : throw new FormatException($"{option} needs a value");
            switch (option)
            {
                case "--models":
                    while (i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal))
                        models.Add(File.Exists(args[++i]) ? args[i] : throw new FormatException($"no such file: {args[i]}"));
                    break;
                case "--threads":
                    arguments = arguments with { Threads = (int)Number(Value(), 1, 1024) };
                    break;
                case "--seconds":
                    arguments = arguments with { Seconds = Number(Value(), 0.01, 600) };
                    break;
                case "--precision":
                    metadata["Precision"] = Value();
                    break;
                case "--metadata":
                    string[] pair = Value().Split('=', 2);
                    metadata[pair[0]] = pair.Length == 2 ? pair[1] : throw new FormatException("--metadata needs Name=Value");
                    break;
                case "--against":
                    arguments = arguments with { Against = Value() };
                    break;
                case "--json":
                    arguments = arguments with { Json = Value() };
                    break;
                case "--markdown":
                    arguments = arguments with { Markdown = Value() };
                    break;
                default:
                    throw new FormatException($"not understood: {option}");
            }
        }
        return arguments;
    }

    private static double Number(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw new FormatException(FormattableString.Invariant($"'{text}' should be a number from {least} to {most}"));
}
