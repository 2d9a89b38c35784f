using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>A further set of shapes that the metadata <c>Shapes</c> name, and the model as imported with them.</summary>
/// <param name="Set">The set.</param>
/// <param name="Imported">The model with these shapes.</param>
internal sealed record FurtherEntry(ShapeSet Set, ImportedModel Imported)
{
    /// <summary>Imports the model once for each further set, and checks that all sets can be entries of one class.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="main">The model with the main shapes.</param>
    /// <param name="import">Imports the model with other settings.</param>
    /// <exception cref="ModelException">A set does not fit the model, or not beside the others.</exception>
    public static FurtherEntry[] Import(ModelOptions options, ImportedModel main, Func<ImportOptions, ImportedModel> import)
    {
        RequireFreeNames(options);
        FurtherEntry[] further =
        [
            .. options.FurtherShapes.Select(set => new FurtherEntry(
                set, import(ModelCompiler.ImportSettings(options) with { Shapes = set.Shapes }))),
        ];
        FurtherEntry[] all = [new(options.ShapeSets[0], main), .. further];
        for (int i = 1; i < all.Length; i++)
        {
            for (int j = 0; j < i; j++)
                RequireDifference(options, all[j], all[i]);
            RequireSameState(options, main.Graph, all[i]);
        }
        return further;
    }

    /// <summary>How the compressed model changes with these shapes.</summary>
    /// <param name="main">The model with the main shapes, after the passes.</param>
    /// <param name="cancellation">Stops the work; checked between passes.</param>
    public Reshaping Reshaping(Graph main, CancellationToken cancellation) =>
        new(main, PassPipeline.Run(Imported.Graph, cancellation), Set.ToString());

    /// <summary>Checks that one <c>Prediction</c> serves all sets.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="classifier">How the main set's is made; null for models that are no classifiers.</param>
    /// <param name="further">The further sets.</param>
    /// <exception cref="ModelException">With a set the model gives another number of scores.</exception>
    public static void RequireSameClassifier(ModelOptions options, PlanClassifier? classifier, IEnumerable<FurtherEntry> further)
    {
        if (classifier is null)
            return;
        foreach (FurtherEntry entry in further)
        {
            Graph graph = ClassifierDetection.WithoutState(options, entry.Imported.Graph);
            int scores = graph.TypeOf(graph.Outputs[classifier.Output]).Count;
            if (scores != classifier.Classes)
                throw Wrong(options, $"with '{entry.Set}' the model gives {scores} scores and with the first set {classifier.Classes}, but "
                    + "one Prediction has one number of classes: leave the set out (PredictBatch takes several samples), or write "
                    + "Task=\"Other\" without Labels to get the scores themselves");
        }
    }

    private static void RequireFreeNames(ModelOptions options)
    {
        string[] names = [.. options.ShapeSets.Select(s => s.Name)];
        foreach (string name in names.Where(n => n.Length > 0))
        {
            if (names.Count(n => n == name) > 1)
                throw Wrong(options, $"the name '{name}' stands before several sets: give each another one, or none");
            if (PredictorNames.IsReservedMember(PredictorNames.Method(name)))
                throw Wrong(options, $"the class has a member {PredictorNames.Method(name)} already: write another name than '{name}'");
        }
        if (PredictorNames.EntryMembers(names).Contains(options.ClassName))
            throw Wrong(options, $"the class cannot have the name '{options.ClassName}', which a member has: set ClassName");
    }

    private static void RequireDifference(ModelOptions options, FurtherEntry first, FurtherEntry second)
    {
        Graph a = first.Imported.Graph, b = second.Imported.Graph;
        if (!a.Inputs.SequenceEqual(b.Inputs))
            throw Wrong(options, $"the model has the inputs {string.Join(", ", a.Inputs)} with '{first.Set}' and "
                + $"{string.Join(", ", b.Inputs)} with '{second.Set}', but one class has one signature: write the set as an item of its "
                + "own");
        if (a.Inputs.All(i => a.TypeOf(i) == b.TypeOf(i)))
            throw Wrong(options, $"the set '{second.Set}' gives the inputs the same shapes as '{first.Set}': leave it out");
        if (first.Set.Name.Length == 0 && second.Set.Name.Length == 0
            && a.Inputs.Where(i => !options.State.ContainsKey(i)).All(i => a.TypeOf(i).Count == b.TypeOf(i).Count))
            throw Wrong(options, $"inputs of '{first.Set}' and of '{second.Set}' have equal lengths, so that Predict cannot tell them "
                + $"apart: give one a name, for example 'Other: {second.Set}', which gets a method PredictOther");
    }

    // One state serves all entries.
    private static void RequireSameState(ModelOptions options, Graph main, FurtherEntry entry)
    {
        Graph graph = entry.Imported.Graph;
        foreach (string input in options.State.Keys.Where(graph.Inputs.Contains))
            if (graph.TypeOf(input) != main.TypeOf(input))
                throw Wrong(options, $"the state '{input}' would be {graph.TypeOf(input)} with '{entry.Set}' and {main.TypeOf(input)} with "
                    + "the first set, but all sets share it: give it one shape, or write the set as an item of its own");
    }

    private static ModelException Wrong(ModelOptions options, string reason) => new(
        DiagnosticCatalog.MetadataNotUnderstood, options.Name, "Shapes", string.Join(" | ", options.ShapeSets), reason);
}
