using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>
/// Several models as one graph, which gives the mean of what they give (T. Dietterich 2000, "Ensemble Methods in Machine Learning"; C.
/// Bucilă et al. 2006, "Model Compression"): what a student learns. It has the inputs and the real outputs of the model that learns.
/// Nothing but a teacher's outputs is needed, so that trees may be teachers as well.
/// </summary>
internal sealed class TeacherEnsemble
{
    // No class is quite impossible, so that logarithms are numbers.
    private const float LeastProbability = 1e-7f;

    private readonly Graph _model;
    private readonly IReadOnlyList<(string Name, Graph Graph)> _teachers;
    private readonly ImmutableArray<Node>.Builder _nodes = ImmutableArray.CreateBuilder<Node>();
    private readonly ImmutableSortedDictionary<string, Tensor>.Builder _constants =
        ImmutableSortedDictionary.CreateBuilder<string, Tensor>(StringComparer.Ordinal);

    private TeacherEnsemble(Graph model, IReadOnlyList<(string Name, Graph Graph)> teachers) => (_model, _teachers) = (model, teachers);

    /// <summary>Imports the teachers that an item names.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="model">The model that learns, as imported.</param>
    /// <param name="samples">Some samples of its inputs, on which is seen whether outputs are probabilities; at least one.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    /// <exception cref="ModelException">A file cannot be imported, or its inputs or outputs do not fit.</exception>
    public static Graph Import(
        ModelOptions options, Graph model, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        var teachers = new List<(string Name, Graph Graph)>();
        foreach (string path in options.Teachers)
        {
            ImportedModel teacher = OnnxImporter.Import(path,
                NamePairs.Renamed(ModelCompiler.ImportSettings(options), options.ModelPath, path, cancellation), cancellation);
            teachers.Add((Path.GetFileName(path), teacher.Graph));
        }
        return Of(model, teachers, samples);
    }

    /// <summary>The graph of several teachers.</summary>
    /// <param name="model">The model that learns.</param>
    /// <param name="teachers">The teachers with their names for messages.</param>
    /// <param name="samples">Samples of the model's inputs, at least one.</param>
    /// <exception cref="ModelException">Inputs or outputs of a teacher do not fit.</exception>
    public static Graph Of(Graph model, IReadOnlyList<(string Name, Graph Graph)> teachers, IReadOnlyList<IReadOnlyList<Tensor>> samples) =>
        new TeacherEnsemble(model, [.. teachers.Select(t => (t.Name,
            t.Graph with { Inputs = NamePairs.InOrderOf(t.Graph.Inputs, model.Inputs) }))]).Join(samples);

    private Graph Join(IReadOnlyList<IReadOnlyList<Tensor>> samples)
    {
        ImmutableArray<string> outputs = [.. _model.Outputs.Distinct().Where(o => !_model.IsConstant(o) && !_model.Inputs.Contains(o)
            && _model.TypeOf(o) is { Element: ElementType.Float32, Count: > 0 })];
        ImmutableArray<string>[] matching = [.. _teachers.Select(t => Matching(t.Name, t.Graph, outputs))];
        OutputRows?[] rows = [.. outputs.Select((output, o) => Rows(output, [.. matching.Select(m => m[o])]))];
        OutputForm[] own = OutputForms.Of(_model, outputs.Zip(rows), samples);
        OutputForm[][] forms = [.. _teachers.Select((t, i) => OutputForms.Of(t.Graph, matching[i].Zip(rows), samples))];
        for (int t = 0; t < _teachers.Count; t++)
            Add(_teachers[t].Graph, PrefixOf(t));
        for (int o = 0; o < outputs.Length; o++)
        {
            // Rows of probabilities are averaged as such, whatever a teacher makes of them; other numbers as they are.
            bool isRow = OutputRows.OfFunction(_model, outputs[o]) is not null, areClasses = isRow || own[o] != OutputForm.Scores
                || forms.Any(f => f[o] != OutputForm.Scores);
            ImmutableArray<string> answers = [.. _teachers.Select((teacher, t) =>
            {
                TensorType type = _model.TypeOf(outputs[o]);
                string value = PrefixOf(t) + matching[t][o];
                RequireSameOrder(t, matching[t][o], outputs[o], areClasses);
                if (!teacher.Graph.TypeOf(matching[t][o]).Dimensions.SequenceEqual(type.Dimensions))
                    value = Apply<ReshapeOperator>(value + "/shape",
                        [value, Constant(value + "/dimensions", Tensor.Of([.. type.Dimensions.Select(d => (long)d)], type.Rank))]);
                return areClasses ? Probabilities(value, forms[t][o], rows[o]!.Axis) : value;
            })];
            if (!areClasses || (!isRow && own[o] == OutputForm.Probabilities))
            {
                Apply<MeanOperator>(outputs[o], answers);
                continue;
            }
            string mean = Apply<MaxOperator>(outputs[o] + "/possible",
                [Apply<MeanOperator>(outputs[o] + "/mean", answers), Constant("least probability", Tensor.Scalar(LeastProbability))]);
            string logits = Apply<LogOperator>(isRow ? outputs[o] + "/logits" : outputs[o], [mean]);
            // Behind the same function as in the model, so that its logits can be compared.
            if (isRow)
                _nodes.Add(GraphIndex.Of(_model).Producer(outputs[o])! with
                {
                    Name = outputs[o] + "/row", CopyOf = "", Inputs = [logits], Outputs = [outputs[o]],
                });
        }
        return ShapeInference.Infer(new Graph
        {
            Name = "teachers", Inputs = _model.Inputs, Outputs = outputs, Nodes = _nodes.ToImmutable(),
            Constants = _constants.ToImmutable(), Types = _model.Types,
        });
    }

    private static string PrefixOf(int teacher) => FormattableString.Invariant($"teacher {teacher}/");

    private static string Types(Graph graph, ImmutableArray<string> values) =>
        string.Join(", ", values.Select(v => graph.TypeOf(v).ToString()));

    private static ModelException Unfit(string name, string why) => new(DiagnosticCatalog.TeacherDoesNotFit, name, why);

    // Where the classes of an output lie: along the axis of the Softmax that gives it, of the model or of a teacher, else along the last
    // one. In a teacher's output of another shape they must be at the same places.
    private OutputRows? Rows(string output, ImmutableArray<string> answers)
    {
        OutputRows? rows = OutputRows.OfFunction(_model, output);
        for (int t = 0; t < answers.Length; t++)
        {
            if (OutputRows.OfFunction(_teachers[t].Graph, answers[t]) is not { } other)
                continue;
            OutputRows here = OutputRows.InShape(other, _model.TypeOf(output)) ?? throw Apart(t, answers[t], output);
            if (rows is not null && !rows.IsAt(here))
                throw Apart(t, answers[t], output);
            rows ??= here;
        }
        return rows ?? OutputRows.Last(_model.TypeOf(output));
    }

    // A teacher may lack axes of one place, and where there are no classes all axes but one; another order is another output.
    private void RequireSameOrder(int teacher, string answer, string output, bool areClasses)
    {
        int[] own = Extents(_teachers[teacher].Graph.TypeOf(answer)), wanted = Extents(_model.TypeOf(output));
        if (!own.SequenceEqual(wanted) && (areClasses || (own.Length > 1 && wanted.Length > 1)))
            throw Apart(teacher, answer, output);

        static int[] Extents(TensorType type) => [.. type.Dimensions.Where(d => d != 1)];
    }

    private ModelException Apart(int teacher, string answer, string output) => Unfit(_teachers[teacher].Name,
        $"its output '{answer}' is {_teachers[teacher].Graph.TypeOf(answer)} with its classes or places in another order than those of "
            + $"'{output}', which is {_model.TypeOf(output)}");

    // The output of the same name and as many numbers, else the first float32 output of as many that stands for no other one.
    private ImmutableArray<string> Matching(string name, Graph graph, ImmutableArray<string> outputs)
    {
        if (Types(graph, graph.Inputs) != Types(_model, _model.Inputs))
            throw Unfit(name, $"its inputs are {Types(graph, graph.Inputs)} instead of {Types(_model, _model.Inputs)}");
        var found = new List<string>();
        foreach (string output in outputs)
        {
            found.Add(Fits(output, output) ? output
                : graph.Outputs.FirstOrDefault(o => !found.Contains(o) && Fits(o, output) && !(outputs.Contains(o) && Fits(o, o)))
                ?? throw Unfit(name, $"it has no output of {_model.TypeOf(output)}, as '{output}' of the model is"));
        }
        return [.. found];

        bool Fits(string own, string output) => graph.Outputs.Contains(own)
            && graph.TypeOf(own) is { Element: ElementType.Float32 } type && type.Count == _model.TypeOf(output).Count;
    }

    // A teacher's nodes and values under names of their own, but for the inputs, which are the model's.
    private void Add(Graph teacher, string prefix)
    {
        foreach (Node node in teacher.Nodes)
            _nodes.Add(node with
            {
                Name = prefix + node.Name, CopyOf = "",
                Inputs = [.. node.Inputs.Select(Renamed)], Outputs = [.. node.Outputs.Select(Renamed)],
            });
        foreach ((string name, Tensor value) in teacher.Constants)
            _constants[prefix + name] = value;
        // An output that is an input has a name as all others have.
        foreach (string output in teacher.Outputs.Where(teacher.Inputs.Contains).Distinct())
            Apply<IdentityOperator>(prefix + output, [Renamed(output)]);

        string Renamed(string value) => value.Length == 0 ? value
            : teacher.Inputs.IndexOf(value) is >= 0 and var place ? _model.Inputs[place] : prefix + value;
    }

    private string Probabilities(string value, OutputForm form, int axis) => form switch
    {
        OutputForm.Scores => Apply<SoftmaxOperator>(value + "/probabilities", [value], n => AxisFunction.WithAxis(n, axis)),
        OutputForm.LogProbabilities => Apply<ExpOperator>(value + "/probabilities", [value]),
        _ => value,
    };

    private string Apply<T>(string result, ImmutableArray<string> inputs, Func<Node, Node>? changed = null)
        where T : Operator
    {
        Node node = NodeOperators.New<T>(result + "/node", inputs, [result]);
        _nodes.Add(changed is null ? node : changed(node));
        return result;
    }

    private string Constant(string name, Tensor value)
    {
        _constants[name] = value;
        return name;
    }
}
