using OptimizerBuild.Data;
using OptimizerBuild.Fuzz.Running;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>Files of class labels: as many different ones as there are classes, on one line each, or an error.</summary>
internal sealed class LabelsTarget() : FuzzTarget("labels", ".txt")
{
    private static readonly TextMutation Mutation = new("cat", "dog", "", " ", "T-shirt/top");

    private readonly DataFiles _files = new();

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds() =>
        ["cat\ndog\n"u8.ToArray(), "a\r\nb\r\nc"u8.ToArray(), "T-shirt/top\nTrouser\nÉ–é 🦊\n0\n"u8.ToArray(), "only\n"u8.ToArray()];

    /// <inheritdoc/>
    public override byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random) => Mutation.Of(input, others, random);

    /// <inheritdoc/>
    public override Verdict Check(byte[] input, CancellationToken cancellation)
    {
        string path = Path.Combine(_files.Folder, _files.Write("labels.txt", input));
        // Mostly as many as there are line breaks, with the last line's or without.
        int classes = Math.Max(1, input.Count(b => b == '\n') + (RandomOf(input).Next(2) == 0 || input is not [.., (byte)'\n'] ? 1 : 0));
        string[] labels = LabelsFile.Read(path, classes);
        if (labels.Length != classes || labels.Distinct(StringComparer.Ordinal).Count() != classes
            || labels.Any(l => l.Length == 0 || l != l.Trim() || l.Any(char.IsControl)))
            throw new ContractException("labels that are missing, twice there, empty, or no line of text");
        IReadOnlyList<string> identifiers = [.. Plan.PredictorNames.LabelIdentifiers(labels)];
        if (identifiers.Distinct(StringComparer.Ordinal).Count() != classes || !identifiers.All(Plan.Identifiers.IsIdentifier))
            throw new ContractException("labels without an identifier of their own");
        return new(true, $"{Math.Min(classes, 4)} labels");
    }

    /// <inheritdoc/>
    public override void Dispose() => _files.Dispose();
}
