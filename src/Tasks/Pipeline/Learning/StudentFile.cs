using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>A student of a file: a model that is shipped in the place of another one, with that one's names of inputs and
/// outputs.</summary>
internal static class StudentFile
{
    /// <summary>Imports a student.</summary>
    /// <param name="options">What the item asks for; it names the student's file.</param>
    /// <param name="model">The model whose place it takes, imported with the same settings.</param>
    /// <param name="settings">What the user settles about both.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    /// <exception cref="ModelException">The file cannot be imported, or its inputs or outputs are not those of the model.</exception>
    public static ImportedModel Import(ModelOptions options, Graph model, ImportOptions settings, CancellationToken cancellation)
    {
        StudentChoice choice = options.Student!;
        ImportedModel student = OnnxImporter.Import(choice.Path!,
            NamePairs.Renamed(settings, options.ModelPath, choice.Path!, cancellation), cancellation);
        foreach ((string own, string other) in NamePairs.InOrderOf(student.Graph.Outputs, model.Outputs).Zip(model.Outputs))
            if (ClassifierDetection.AreProbabilities(model, other) is var are
                && are != ClassifierDetection.AreProbabilities(student.Graph, own))
                throw Unfit($"its output '{own}' is made of {(are ? "scores" : "probabilities")} and the model's "
                    + (are ? "of probabilities: end it with a Softmax" : "of scores: leave the Softmax out"));
        return student with { Graph = WithNamesOf(student.Graph, model, Unfit) };

        ModelException Unfit(string why) => new(DiagnosticCatalog.StudentDoesNotFit, choice.ToString(), why);
    }

    /// <summary>A graph with another one's inputs and outputs: those of the same names where both have the same names, else one after the
    /// other.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="model">The other one.</param>
    /// <param name="unfit">The error of a graph whose inputs or outputs are others, for a reason.</param>
    public static Graph WithNamesOf(Graph graph, Graph model, Func<string, ModelException> unfit)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        Name("inputs", graph.Inputs, model.Inputs);
        Name("outputs", graph.Outputs, model.Outputs);
        // Whatever else has one of these names gives it up.
        var taken = new HashSet<string>(names.Values.Concat(graph.Types.Keys).Concat(graph.Constants.Keys), StringComparer.Ordinal);
        foreach (string name in names.Values.Where(n => !names.ContainsKey(n) && (graph.Types.ContainsKey(n) || graph.IsConstant(n)))
            .ToArray())
        {
            string free = name + "/inside";
            while (!taken.Add(free))
                free += "/inside";
            names[name] = free;
        }
        return graph with
        {
            Inputs = model.Inputs,
            Outputs = model.Outputs,
            Nodes =
            [
                .. graph.Nodes.Select(n => n with { Inputs = [.. n.Inputs.Select(Renamed)], Outputs = [.. n.Outputs.Select(Renamed)] }),
            ],
            Constants = graph.Constants.ToImmutableSortedDictionary(c => Renamed(c.Key), c => c.Value, StringComparer.Ordinal),
            Types = graph.Types.ToImmutableSortedDictionary(t => Renamed(t.Key), t => t.Value, StringComparer.Ordinal),
        };

        string Renamed(string name) => names.GetValueOrDefault(name, name);

        void Name(string kind, ImmutableArray<string> own, ImmutableArray<string> others)
        {
            own = NamePairs.InOrderOf(own, others);
            if (Text(graph, own) != Text(model, others))
                throw unfit($"its {kind} are {Text(graph, own)} instead of {Text(model, others)}");
            for (int i = 0; i < own.Length; i++)
                if (!names.TryAdd(own[i], others[i]) && names[own[i]] != others[i])
                    throw unfit($"'{own[i]}' would have to be '{names[own[i]]}' and '{others[i]}' of the model");
            if (names.GroupBy(n => n.Value, n => n.Key).FirstOrDefault(g => g.Count() > 1) is { } several)
                throw unfit($"'{several.First()}' and '{several.Last()}' would both have to be '{several.Key}' of the model");
        }

        static string Text(Graph of, ImmutableArray<string> values) => string.Join(", ", values.Select(v => of.TypeOf(v).ToString()));
    }
}
