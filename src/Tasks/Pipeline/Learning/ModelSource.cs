using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>
/// The float model that an item asks to compress, as it is imported with any settings: that of the file, where the item asks for it with
/// a new last layer, which has learned once by then.
/// </summary>
/// <param name="options">What the item asks for.</param>
/// <param name="cancellation">Stops the work.</param>
internal sealed class ModelSource(ModelOptions options, CancellationToken cancellation)
{
    private NewHead? _head;

    /// <summary>What was done to the file's model, for the report; null for nothing.</summary>
    public TechniqueAccount? Account { get; private set; }

    /// <summary>Warnings about the samples that a new last layer has learned from.</summary>
    public ImmutableArray<Diagnostic> Diagnostics => _head?.Diagnostics ?? [];

    /// <summary>The model with the item's settings.</summary>
    /// <param name="progress">Hears how far a new last layer has learned; null where its form is enough, for builds that only serve an
    /// editor.</param>
    /// <exception cref="ModelException">The model or its data cannot be processed.</exception>
    public ImportedModel Main(IBuildProgress? progress)
    {
        ImportedModel imported = OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options), cancellation);
        if (options.Head is null)
            return imported;
        // What the file's model calls its classes is not what the new ones are.
        var samples = new ItemSamples(options, imported with { Labels = null }, cancellation) { IsForLabels = progress is null };
        _head = progress is null ? NewHead.Describe(options, imported, samples)
            : NewHead.Learn(options, imported, samples, progress, cancellation);
        ImportedModel changed = _head.Apply(imported);
        string[] gone = [.. imported.Graph.Outputs.Except(changed.Graph.Outputs)];
        Account = new(NewHead.Step,
            gone.Length == 0 ? _head.Notes
                : [.. _head.Notes, $"outputs that follow from the old layer are gone: {string.Join(", ", gone)}"],
            ModelSize.Of(new(imported.Graph)), ModelSize.Of(new(changed.Graph)));
        return changed;
    }

    /// <summary>The model with other settings, after <see cref="Main"/>.</summary>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ModelException">The model cannot be imported with them.</exception>
    public ImportedModel With(ImportOptions settings)
    {
        ImportedModel imported = OnnxImporter.Import(options.ModelPath, settings, cancellation);
        return _head?.Apply(imported) ?? imported;
    }

    /// <summary>The student of a file with the names of the model, after <see cref="Main"/>.</summary>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ModelException">The student cannot be imported with them, or does not fit.</exception>
    public Graph Student(ImportOptions settings) => StudentWith(settings).Graph;

    /// <summary>What is lowered for several samples: the student of a file, else the model.</summary>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ModelException">It cannot be imported with them.</exception>
    public ImportedModel Shipped(ImportOptions settings) => options.Student is { Path: not null } ? StudentWith(settings) : With(settings);

    private ImportedModel StudentWith(ImportOptions settings) =>
        StudentFile.Import(options, With(settings).Graph, settings, cancellation);
}
