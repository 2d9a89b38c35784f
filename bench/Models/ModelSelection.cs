using System.CommandLine;

namespace OptimizerBuild.Bench.Models;

/// <summary>The options of a command by which its models are chosen and the metadata of their items set.</summary>
internal sealed class ModelSelection
{
    private readonly Option<string[]> _models = new("--models")
    {
        Description = "The model files; without it those of bench/models.json. "
            + $"{ResidualNetwork.Name}: a ResNet-18 of random weights, made here; its int8 build takes 40 seconds of a core",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _metadata = new("--metadata")
    {
        Description = "Any metadata of the item CompressedModel, as Name=Value; may be repeated",
        HelpName = "Name=Value",
    };

    private readonly Option<string?> _precision = new("--precision")
    {
        Description = "Short for --metadata Precision=P: Auto, Int8, Int4, Ternary, Binary, Mixed or Float32",
        HelpName = "P",
    };

    /// <summary>Declares the options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasPrecision">Whether the precision can be chosen; not where the command itself does.</param>
    public ModelSelection(Command command, bool hasPrecision = true)
    {
        _metadata.Validators.Add(result =>
        {
            foreach (string pair in result.Tokens.Select(t => t.Value).Where(t => t.IndexOf('=', StringComparison.Ordinal) < 1))
                result.AddError($"--metadata needs Name=Value, not '{pair}'.");
        });
        _models.Validators.Add(result =>
        {
            foreach (string file in result.Tokens.Select(t => t.Value).Where(f => f != ResidualNetwork.Name && !File.Exists(f)))
                result.AddError($"--models needs files or {ResidualNetwork.Name}; there is no '{file}'.");
        });
        command.Add(_models);
        if (hasPrecision)
            command.Add(_precision);
        command.Add(_metadata);
    }

    /// <summary>The models that the command line asks for.</summary>
    public IReadOnlyList<BenchModel> Of(ParseResult line)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string[] pair in (line.GetValue(_metadata) ?? []).Select(m => m.Split('=', 2)))
            metadata[pair[0]] = pair[1];
        if (line.GetResult(_precision) is not null && line.GetValue(_precision) is { } precision)
            metadata["Precision"] = precision;
        string repository = Repository.Folder;
        IEnumerable<BenchModel> models = line.GetValue(_models) is { Length: > 0 } files
            ? files.Select(f => BenchModel.Of(repository, f))
            : BenchModel.Known(repository);
        return [.. models.Select(m => m with { Metadata = metadata })];
    }
}
