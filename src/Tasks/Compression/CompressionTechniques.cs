using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression;

/// <summary>All techniques of this assembly, and one model's way through those that its options ask for.</summary>
internal static class CompressionTechniques
{
    /// <summary>Every class that implements <see cref="ICompressionTechnique"/>, in the order of their stages.</summary>
    public static ImmutableArray<ICompressionTechnique> All { get; } =
    [
        .. OperatorRegistry.OwnTypes
            .Where(t => t is { IsClass: true, IsAbstract: false } && t.IsAssignableTo(typeof(ICompressionTechnique)))
            .Select(t => (ICompressionTechnique)Activator.CreateInstance(t, nonPublic: true)!)
            .OrderBy(t => t.Stage),
    ];

    /// <summary>Runs the techniques that the context's options ask for, in their order.</summary>
    /// <param name="model">The model after the passes.</param>
    /// <param name="context">The build's context.</param>
    /// <param name="until">The stage before which it ends; null for all of them.</param>
    /// <param name="from">The stage with which it begins.</param>
    /// <exception cref="ModelException">A technique cannot be applied as asked, or the data does not fit.</exception>
    public static CompressionRun Run(CompressedModel model, CompressionContext context, CompressionStage? until = null,
        CompressionStage from = default)
    {
        var accounts = new List<TechniqueAccount>();
        var diagnostics = new List<Diagnostic>();
        foreach (ICompressionTechnique technique in All.Where(t =>
            t.IsOn(context.Options) && t.Stage >= from && (until is null || t.Stage < until)))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress.Report(technique.Name, 0, "");
            ModelSize before = ModelSize.Of(model);
            CompressionResult result = technique.Apply(model, context);
            // Nothing that it is for is there.
            if (result.Notes.Count == 0 && result.Diagnostics.Count == 0 && ReferenceEquals(result.Model, model))
                continue;
            IEnumerable<string> dropped = model.Annotations.Select(a => a.Technique)
                .Except(result.Model.Annotations.Select(a => a.Technique), StringComparer.Ordinal)
                .Select(name => $"what {name} had decided no longer fits the graph and is dropped");
            model = result.Model;
            accounts.Add(new(technique.Name, [.. result.Notes, .. dropped], before, ModelSize.Of(model)));
            diagnostics.AddRange(result.Diagnostics);
            context.Progress.Report(technique.Name, 1, "");
        }
        if (until is null && context.Options.ChoicesWithoutEffect().ToArray() is { Length: > 0 } vain)
            accounts.Add(new("Options", vain, ModelSize.Of(model), ModelSize.Of(model)));
        return new(model, accounts, diagnostics);
    }
}

/// <summary>A model after all techniques.</summary>
/// <param name="Model">The model.</param>
/// <param name="Accounts">What each technique did, in order.</param>
/// <param name="Diagnostics">What the user should see of it.</param>
internal sealed record CompressionRun(
    CompressedModel Model, IReadOnlyList<TechniqueAccount> Accounts, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>What one technique did.</summary>
/// <param name="Technique">Its name.</param>
/// <param name="Notes">What it did, one line each.</param>
/// <param name="Before">The model before it.</param>
/// <param name="After">The model after it.</param>
internal sealed record TechniqueAccount(string Technique, IReadOnlyList<string> Notes, ModelSize Before, ModelSize After);
