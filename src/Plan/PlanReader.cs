using System.Globalization;

namespace OptimizerBuild.Plan;

/// <summary>
/// Reads the text form of a plan. A text that is no plan gives an error, never an exception. What the reader accepts can be
/// rendered: names are C# identifiers and unique, dimensions do not overflow, outputs lie inside the arena.
/// </summary>
internal sealed partial class PlanReader
{
    /// <summary>The first word of every plan.</summary>
    public const string Magic = "optimizerbuild-plan";

    /// <summary>Says that the strings of a prediction get numbers behind those of the model.</summary>
    public const string OpenKeyword = " open";

    /// <summary>Begins the line of the model's strings, and stands for them where a kernel takes them.</summary>
    public const string StringsKeyword = "strings";

    // Deeper nesting than any exporter writes would cost the generator, which follows it, its stack.
    private const int DeepestBlock = 64;

    private readonly string[] _lines;
    private readonly List<PlanInput> _inputs = [];
    private readonly List<PlanOutput> _outputs = [];
    private readonly List<PlanState> _states = [];
    private readonly List<string> _strings = [];
    private bool _keepsStrings;
    private readonly List<string> _labels = [];
    private readonly List<string> _labelIdentifiers = [];
    private readonly HashSet<string> _parameters = new(StringComparer.Ordinal);
    private readonly HashSet<string> _members = new(StringComparer.Ordinal);
    private Surroundings _surroundings = new("", false, 0);
    private int _next;

    private PlanReader(string text) => _lines = text.Split('\n');

    /// <summary>Reads a plan.</summary>
    public static PlanReading Read(string text)
    {
        try
        {
            return new PlanReader(text).ReadPlan();
        }
        catch (PlanFormatException e)
        {
            return new PlanReading(null, new PlanError(PlanDiagnostics.UnreadablePlan, e.Line, e.Message));
        }
    }

    private PlanReading ReadPlan()
    {
        PlanLine line = Next();
        line.Skip(Magic);
        line.Skip(" ");
        long version = line.Integer();
        if (version != ModelPlan.Version)
        {
            string found = version.ToString(CultureInfo.InvariantCulture);
            return new PlanReading(null, new PlanError(PlanDiagnostics.UnknownVersion, line.Number, found));
        }
        line.End();
        return new PlanReading(ReadBody(), null);
    }

    private ModelPlan ReadBody()
    {
        PlanLine line = Begin("model name=");
        string model = line.String();
        line.Skip(" class=");
        string className = line.String(
            name => Identifiers.IsIdentifier(name) && !PredictorNames.IsReservedMember(name), "a C# identifier for the class");
        line.Skip(" namespace=");
        string @namespace = line.String(n => n.Length == 0 || Array.TrueForAll(n.Split('.'), Identifiers.IsIdentifier), "a C# namespace");
        line.Skip(" access=");
        bool isPublic = line.OneOf(("public", true), ("internal", false));
        line.Skip(" content=");
        bool isSignature = line.OneOf(("complete", false), ("signature", true));
        line.End();
        PlanFacts facts = ReadFacts();
        PlanWeights weights = ReadWeights();
        _surroundings = new(className, isSignature, weights.MemoryBytes);
        PlanEntry main = ReadMain(facts.Macs, out PlanClassifier? classifier, out PlanImage? image);
        EquatableList<PlanEntry> further = ReadFurther(main, classifier);
        PlanEntry? batch = Peek().StartsWith("batch") ? ReadBatch(main, further.Count) : null;
        Begin("end").End();
        for (; _next < _lines.Length; _next++)
            if (_lines[_next].Length > 0)
                throw new PlanFormatException(_next + 1, "nothing after 'end'", "more text");

        return new ModelPlan
        {
            Model = model,
            ClassName = className,
            Namespace = @namespace,
            IsPublic = isPublic,
            IsSignatureOnly = isSignature,
            Facts = facts,
            Weights = weights,
            EntryName = main.Name,
            ArenaBytes = main.ArenaBytes,
            Inputs = main.Inputs,
            Outputs = main.Outputs,
            States = main.States,
            Strings = new(_strings),
            KeepsStrings = _keepsStrings,
            Classifier = classifier,
            Image = image,
            UsesThreads = main.UsesThreads,
            HasStartUp = main.HasStartUp,
            Buffers = main.Buffers,
            Values = main.Values,
            Steps = main.Steps,
            Further = further,
            Batch = batch,
        };
    }

    private PlanFacts ReadFacts()
    {
        PlanLine line = Begin("source file=");
        string file = line.String();
        line.Skip(" sha256=");
        string hash = line.String();
        line.Skip(" precision=");
        string precision = line.String();
        line.Skip(" macs=");
        long macs = line.Integer(0);
        line.Skip(" floatWeightBytes=");
        long floatWeightBytes = line.Integer(0);
        line.End();
        line = Begin("accuracy metric=");
        string metric = line.String();
        line.Skip(" float=");
        double? floatMetric = line.OptionalReal();
        line.Skip(" compressed=");
        double? compressedMetric = line.OptionalReal();
        line.Skip(" samples=");
        int samples = line.Natural();
        line.End();
        return new PlanFacts(file, hash, precision, macs, floatWeightBytes, metric, floatMetric, compressedMetric, samples);
    }

    private PlanWeights ReadWeights()
    {
        PlanLine line = Begin("weights resource=");
        string resource = line.String();
        line.Skip(" bytes=");
        int bytes = line.Natural();
        line.Skip(" checksum=x:");
        ulong checksum = line.Hexadecimal(16);
        line.End();
        int? expanded = null;
        var expansion = new List<PlanCall>();
        if (Peek().StartsWith("expanded"))
        {
            line = Begin("expanded bytes=");
            expanded = line.Natural();
            line.End();
            while (Peek().StartsWith("expand"))
                expansion.Add(ReadCall("expand "));
        }
        var layers = new List<PlanLayerWeights>();
        while (Peek().StartsWith("layer"))
            layers.Add(ReadLayerWeights(expanded ?? bytes));
        return new PlanWeights(resource, bytes, checksum) { Layers = new(layers), ExpandedBytes = expanded, Expansion = new(expansion) };
    }

    private PlanLayerWeights ReadLayerWeights(int weightBytes)
    {
        PlanLine line = Begin("layer node=");
        string node = line.String();
        line.Skip(" storage=");
        string storage = line.String(s => s.Length > 0, "the form in which the weights are stored");
        line.Skip(" offset=");
        int offset = line.Natural();
        line.Skip(" bytes=");
        int bytes = line.Natural();
        line.End();
        RequireInside(line, "a layer's weights inside the weights", offset, bytes, weightBytes);
        return new PlanLayerWeights(node, storage, offset, bytes);
    }

    private void ReadStrings()
    {
        if (!Peek().StartsWith(StringsKeyword))
            return;
        PlanLine line = Begin(StringsKeyword);
        _keepsStrings = line.TrySkip(OpenKeyword);
        var different = new HashSet<string>(StringComparer.Ordinal);
        while (line.HasMore)
        {
            line.Skip(" ");
            _strings.Add(line.String(different.Add, "a string that differs from those before it"));
        }
        line.End();
    }

    private static bool IsText(BoundaryType type) => type == BoundaryType.String;

    private void ReadInput()
    {
        PlanLine line = Begin("input name=");
        string name = line.String();
        line.Skip(" parameter=");
        string parameter = Unique(line, _parameters);
        (BoundaryType type, EquatableList<int> dimensions) = ReadType(line);
        line.End();
        PlanCall? binding = Peek().StartsWith("bind") ? ReadCall("bind ") : null;
        _inputs.Add(new PlanInput(name, parameter, type, dimensions, binding));
    }

    private void ReadOutput(int arenaBytes)
    {
        PlanLine line = Begin("output name=");
        string name = line.String();
        line.Skip(" property=");
        string property = Unique(line, _members);
        if (PredictorNames.IsReservedMember(property))
            throw line.Contradiction("a property name that the generated class does not use itself", "'" + property + "'");
        line.Skip(" parameter=");
        string parameter = Unique(line, _parameters);
        (BoundaryType type, EquatableList<int> dimensions) = ReadType(line);
        line.Skip(" offset=");
        int offset = line.Natural();
        line.End();
        var output = new PlanOutput(name, property, parameter, type, dimensions, offset);
        RequireInside(line, "an output inside the arena", offset, (long)output.Length * type.Size(), arenaBytes);
        _outputs.Add(output);
    }

    private void ReadStates(int arenaBytes)
    {
        string className = _surroundings.ClassName;
        int weightBytes = _surroundings.IsSignature ? int.MaxValue : _surroundings.WeightBytes;
        var properties = new HashSet<string>(PredictorNames.StateMembers, StringComparer.Ordinal);
        while (Peek().StartsWith("state"))
        {
            PlanLine line = Begin("state name=");
            string name = line.String();
            line.Skip(" output=");
            string output = line.String();
            line.Skip(" property=");
            string property = Unique(line, properties);
            (BoundaryType type, EquatableList<int> dimensions) = ReadType(line);
            if (IsText(type))
                throw line.Contradiction("a state of numbers", "strings");
            line.Skip(" offset=");
            int offset = line.Natural();
            line.Skip(" initial=");
            int? initial = (int?)line.OptionalNatural(int.MaxValue);
            line.End();
            if (className is PredictorNames.StateClass or PredictorNames.StateProperty)
                throw line.Contradiction("a class of another name than its state's", "'" + className + "'");
            PlanCall? binding = Peek().StartsWith("bind") ? ReadCall("bind ") : null;
            var state = new PlanState(name, output, property, type, dimensions, offset, initial, binding);
            long bytes = (long)state.Length * type.Size();
            RequireInside(line, "a state inside the arena", offset, bytes, arenaBytes);
            if (initial is { } start)
                RequireInside(line, "initial values inside the weights", start, bytes, weightBytes);
            _states.Add(state);
        }
        if (_states.Count == 0)
            return;
        _parameters.Add(PredictorNames.StateParameter);
        _members.Add(PredictorNames.StateClass);
        _members.Add(PredictorNames.StateProperty);
    }

    private static void RequireInside(PlanLine line, string what, int offset, long bytes, int room)
    {
        if (offset + bytes > room)
            throw line.Contradiction(string.Format(CultureInfo.InvariantCulture, "{0} of {1} bytes", what, room),
                "one that ends behind it");
    }

    private static (BoundaryType Type, EquatableList<int> Dimensions) ReadType(PlanLine line)
    {
        line.Skip(" type=");
        BoundaryType type = line.OneOf([.. BoundaryTypes.All.Select(t => (t.ToString(), t))]);
        line.Skip(" dimensions=");
        EquatableList<int> dimensions = line.Integers(minimum: 0);
        long bytes = type.Size();
        foreach (int dimension in dimensions)
        {
            bytes *= dimension;
            if (bytes > int.MaxValue)
                throw line.Contradiction("a tensor of less than 2 GB", "more");
        }
        return (type, dimensions);
    }

    private PlanClassifier ReadClassifier()
    {
        PlanLine line = Begin("classifier output=");
        int output = (int)line.Integer(0, _outputs.Count - 1);
        line.Skip(" classes=");
        int classes = (int)line.Integer(_outputs[output].Length, _outputs[output].Length);
        if (classes == 0 || !_outputs[output].Type.IsNumeric())
            throw line.Contradiction("an output of numbers as scores", "'" + _outputs[output].OnnxName + "'");
        line.Skip(" scores=");
        bool probabilities = line.OneOf(("logits", false), ("probabilities", true));
        line.End();
        var identifiers = new HashSet<string>(StringComparer.Ordinal);
        while (Peek().StartsWith("label"))
        {
            PlanLine label = Begin("label identifier=");
            _labelIdentifiers.Add(Unique(label, identifiers));
            label.Skip(" text=");
            _labels.Add(label.String());
            label.End();
        }
        if (_labels.Count != 0 && _labels.Count != classes)
        {
            throw line.Contradiction(
                string.Format(CultureInfo.InvariantCulture, "{0} labels or none", classes),
                _labels.Count.ToString(CultureInfo.InvariantCulture));
        }
        return new PlanClassifier(output, classes, probabilities, new(_labels), new(_labelIdentifiers));
    }

    private PlanBuffer ReadBuffer()
    {
        PlanLine line = Begin("buffer name=");
        string name = line.String();
        line.Skip(" offset=");
        int offset = line.Natural();
        line.Skip(" bytes=");
        int bytes = line.Natural();
        line.Skip(" first=");
        int first = (int)line.Integer(-1, int.MaxValue);
        line.Skip(" last=");
        int last = (int)line.Integer(-1, int.MaxValue);
        line.Skip(" shares=");
        string shares = line.String();
        line.End();
        return new PlanBuffer(name, offset, bytes, first, last, shares);
    }

    private EquatableList<PlanStep> ReadSteps(int arenaBytes, int depth)
    {
        var steps = new List<PlanStep>();
        while (true)
        {
            PlanLine line = Peek();
            if (depth == DeepestBlock && (line.StartsWith("if") || line.StartsWith("loop")))
                throw line.Contradiction("blocks in blocks up to a depth of " + DeepestBlock.ToString(CultureInfo.InvariantCulture),
                    "more");
            if (line.StartsWith("step"))
                steps.Add(ReadCall("step "));
            else if (line.StartsWith("if"))
                steps.Add(ReadIf(arenaBytes, depth));
            else if (line.StartsWith("loop"))
                steps.Add(ReadLoop(arenaBytes, depth));
            else
                return new(steps);
        }
    }

    private PlanIf ReadIf(int arenaBytes, int depth)
    {
        PlanLine line = Begin("if condition=");
        int condition = (int)line.Integer(0, arenaBytes - 1);
        (string node, string description) = ReadOrigin(line);
        EquatableList<PlanStep> then = ReadSteps(arenaBytes, depth + 1);
        Begin("else").End();
        EquatableList<PlanStep> otherwise = ReadSteps(arenaBytes, depth + 1);
        Begin("end if").End();
        return new PlanIf(node, description, condition, then, otherwise);
    }

    private PlanLoop ReadLoop(int arenaBytes, int depth)
    {
        PlanLine line = Begin("loop bound=");
        long? bound = line.OptionalNatural(long.MaxValue);
        line.Skip(" count=");
        int? count = (int?)line.OptionalNatural(arenaBytes - sizeof(long));
        line.Skip(" condition=");
        int? condition = (int?)line.OptionalNatural(arenaBytes - 1);
        line.Skip(" iteration=");
        int? iteration = (int?)line.OptionalNatural(arenaBytes - sizeof(long));
        (string node, string description) = ReadOrigin(line);
        EquatableList<PlanStep> body = ReadSteps(arenaBytes, depth + 1);
        Begin("end loop").End();
        return new PlanLoop(node, description, bound, count, condition, iteration, body);
    }

    private static (string Node, string Description) ReadOrigin(PlanLine line)
    {
        line.Skip(" node=");
        string node = line.String();
        line.Skip(" description=");
        string description = line.String();
        line.End();
        return (node, description);
    }

    private PlanCall ReadCall(string keyword)
    {
        PlanLine line = Begin(keyword);
        string kernel = line.Word();
        line.Skip(".");
        string method = line.Word();
        line.Skip("(");
        var arguments = new List<PlanArgument>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (!line.TrySkip(")"))
        {
            do
            {
                string name = line.Word();
                if (!names.Add(name))
                    throw line.Contradiction("each argument once", "'" + name + "' twice");
                line.Skip("=");
                arguments.Add(ReadArgument(line, name));
            }
            while (line.TrySkip(", "));
            line.Skip(")");
        }
        line.Skip(" node=");
        string node = line.String();
        line.Skip(" macs=");
        long macs = line.Integer(0);
        line.Skip(" description=");
        string description = line.String();
        line.End();
        return new PlanCall(kernel, method, node, description, macs, new(arguments));
    }

    private PlanValue ReadValue()
    {
        PlanLine line = Begin("value name=");
        string name = line.String();
        (BoundaryType type, EquatableList<int> dimensions) = ReadType(line);
        line.Skip(" offset=");
        int offset = line.Natural();
        line.Skip(" strides=");
        EquatableList<int> strides = line.Integers();
        if (strides.Count != dimensions.Count)
            throw line.Contradiction("as many strides as dimensions", strides.Count.ToString(CultureInfo.InvariantCulture));
        line.Skip(" scale=");
        int? scale = line.TrySkip("f:") ? unchecked((int)(uint)line.Hexadecimal(8)) : null;
        if (scale is null)
            line.Skip("none");
        line.Skip(" zeroPoint=");
        int zeroPoint = (int)line.Integer(int.MinValue, int.MaxValue);
        line.End();
        return new PlanValue(name, type, dimensions, offset, strides, scale, zeroPoint);
    }

    private PlanArgument ReadArgument(PlanLine line, string name)
    {
        if (line.TrySkip("f:"))
            return new PlanArgument.Real(name, unchecked((int)(uint)line.Hexadecimal(8)));
        if (line.IsAt('['))
            return new PlanArgument.Integers(name, line.Integers());
        if (line.TrySkip(StringsKeyword))
        {
            return _strings.Count > 0 ? new PlanArgument.Strings(name)
                : throw line.Contradiction("the strings of a model that takes or gives some", "none");
        }
        long value = line.Integer();
        return new PlanArgument.Integer(name, value)
        {
            Buffer = line.TrySkip("@") ? line.String(b => b.Length > 0, "a buffer's name") : "",
        };
    }

    private static string Unique(PlanLine line, HashSet<string> taken)
    {
        string name = line.String(Identifiers.IsIdentifier, "a C# identifier");
        return taken.Add(name) ? name : throw line.Contradiction("names that differ", "'" + name + "' twice");
    }

    private PlanLine Peek()
    {
        if (_next >= _lines.Length)
            throw new PlanFormatException(_next + 1, "'end'", "the end of the file");
        string line = _lines[_next];
        return new PlanLine(line.EndsWith("\r", StringComparison.Ordinal) ? line.Substring(0, line.Length - 1) : line, _next + 1);
    }

    private PlanLine Next()
    {
        PlanLine line = Peek();
        _next++;
        return line;
    }

    private PlanLine Begin(string expected)
    {
        PlanLine line = Next();
        line.Skip(expected);
        return line;
    }
}

/// <summary>What <see cref="PlanReader"/> made of a text: a plan or an error.</summary>
/// <param name="Plan">The plan; null where there is an error.</param>
/// <param name="Error">What is wrong; null where there is a plan.</param>
internal sealed record PlanReading(ModelPlan? Plan, PlanError? Error);

/// <summary>Why a text is no plan.</summary>
/// <param name="Code">The code of <see cref="PlanDiagnostics"/>.</param>
/// <param name="Line">The line at fault, from 1.</param>
/// <param name="Detail">
/// For <see cref="PlanDiagnostics.UnknownVersion"/> the version found; else what was expected and what was found.
/// </param>
internal sealed record PlanError(string Code, int Line, string Detail);
