using System.Globalization;

namespace OptimizerBuild.Plan;

/// <content>The entries of a plan: the main one, and those for further shapes, which must fit into the same class.</content>
internal sealed partial class PlanReader
{
    private PlanEntry ReadMain(long macs, out PlanClassifier? classifier, out PlanImage? image)
    {
        PlanEntry memory = ReadMemory("", macs);
        ReadStrings();
        if (Peek().StartsWith("main"))
        {
            PlanLine line = Begin("main name=");
            memory = memory with { Name = line.String(IsEntryName, "a name that 'Predict' makes a new member of") };
            line.End();
        }
        PlanEntry face = ReadInterface(memory);
        classifier = Peek().StartsWith("classifier") ? ReadClassifier() : null;
        image = Peek().StartsWith("image") ? ReadImage() : null;
        if (!_surroundings.IsSignature && _strings.Count == 0
            && _inputs.Select(i => i.Type).Concat(_outputs.Select(o => o.Type)).Any(IsText))
            throw Peek().Contradiction("the strings of a model that takes or gives some", "none");
        return ReadContent(face);
    }

    // The resizer relies on what is demanded here.
    private PlanImage ReadImage()
    {
        PlanLine line = Begin("image height=");
        int height = (int)line.Integer(1, PlanImage.MaximumSide);
        line.Skip(" width=");
        int width = (int)line.Integer(1, PlanImage.MaximumSide);
        line.Skip(" channels=");
        int channels = (int)line.Integer(1, 3);
        line.Skip(" order=");
        bool isBgr = line.OneOf(("rgb", false), ("bgr", true));
        line.Skip(" resized=");
        EquatableList<int> resized = line.Integers(minimum: 1);
        line.Skip(" shorterSide=");
        int shorterSide = (int)line.Integer(0, PlanImage.MaximumSide);
        line.Skip(" filter=");
        ImageFilter filter = line.OneOf([.. FilterNames]);
        line.End();
        if (resized.Count != 2 || resized[0] < height || resized[1] < width || Math.Max(resized[0], resized[1]) > PlanImage.MaximumSide
            || (shorterSide != 0 && shorterSide < Math.Max(height, width)))
            throw line.Contradiction("a resized image that holds what the model takes", "a smaller or too large one");
        if (_inputs.Count != 1 || _inputs[0].Type != BoundaryType.UInt8 || _inputs[0].Length != height * width * channels || channels == 2)
            throw line.Contradiction("one input of bytes, and images of its size", "others");
        return new PlanImage(height, width, channels, isBgr, resized[0], resized[1], shorterSide, filter);
    }

    private static IEnumerable<(string, ImageFilter)> FilterNames =>
        ((ImageFilter[])[ImageFilter.Bilinear, ImageFilter.BilinearNoAntialias, ImageFilter.Area]).Select(f => (f.ToString(), f));

    private EquatableList<PlanEntry> ReadFurther(PlanEntry main, PlanClassifier? classifier)
    {
        var entries = new List<PlanEntry> { main };
        while (Peek().StartsWith("entry"))
        {
            PlanLine line = Begin("entry name=");
            string name = line.String(n => n.Length == 0 || IsEntryName(n), "a name that 'Predict' makes a new member of");
            line.Skip(" macs=");
            long macs = line.Integer(0);
            line.End();
            PlanEntry entry = ReadContent(ReadInterface(ReadMemory(name, macs)));
            RequireFit(line, entry, entries, classifier);
            entries.Add(entry);
        }
        RequireFreeNames(entries);
        return new(entries.Skip(1));
    }

    // The main entry for several samples: lengths are multiples, and one and the same one.
    private PlanEntry ReadBatch(PlanEntry main, int further)
    {
        PlanLine line = Begin("batch macs=");
        long macs = line.Integer(0);
        line.End();
        if (further > 0 || main.States.Count > 0 || _surroundings.IsSignature)
            throw line.Contradiction("a batch in a complete plan with one entry and without state", "another plan");
        PlanEntry batch = ReadContent(ReadInterface(ReadMemory("", macs)));
        RequireSameNames(line, batch, main);
        int samples = main.Inputs.Count == 0 || main.Inputs[0].Length == 0 ? 0 : batch.Inputs[0].Length / main.Inputs[0].Length;
        if (samples < 2 || batch.Outputs.Count == 0
            || batch.Inputs.Zip(main.Inputs, (b, m) => m.Length > 0 && b.Length == (long)m.Length * samples).Contains(false)
            || batch.Outputs.Zip(main.Outputs, (b, m) => b.Length == (long)m.Length * samples).Contains(false)
            || main.Inputs.Select(i => i.Type).Concat(main.Outputs.Select(o => o.Type)).Any(IsText))
            throw line.Contradiction("inputs and outputs of two samples or more", "other lengths");
        return batch;
    }

    private PlanEntry ReadMemory(string name, long macs)
    {
        PlanLine line = Begin("arena bytes=");
        int arenaBytes = line.Natural();
        line.End();
        line = Begin("execution threads=");
        bool usesThreads = line.OneOf(("one", false), ("many", true));
        line.Skip(" start=");
        bool hasStartUp = line.OneOf(("fast", false), ("small", true));
        line.End();
        return new()
        {
            Name = name,
            Macs = macs,
            ArenaBytes = arenaBytes,
            UsesThreads = usesThreads,
            HasStartUp = hasStartUp,
            Inputs = EquatableList<PlanInput>.Empty,
            Outputs = EquatableList<PlanOutput>.Empty,
            Buffers = EquatableList<PlanBuffer>.Empty,
            Steps = EquatableList<PlanStep>.Empty,
        };
    }

    private PlanEntry ReadInterface(PlanEntry memory)
    {
        _inputs.Clear();
        _outputs.Clear();
        _states.Clear();
        _parameters.Clear();
        _members.Clear();
        _members.Add(_surroundings.ClassName);
        // A plan that only has signatures has no memory either.
        int room = _surroundings.IsSignature ? int.MaxValue : memory.ArenaBytes;
        ReadStates(room);
        while (Peek().StartsWith("input"))
            ReadInput();
        while (Peek().StartsWith("output"))
            ReadOutput(room);
        return memory with { Inputs = new(_inputs), Outputs = new(_outputs), States = new(_states) };
    }

    private PlanEntry ReadContent(PlanEntry face)
    {
        var buffers = new List<PlanBuffer>();
        while (Peek().StartsWith("buffer"))
            buffers.Add(ReadBuffer());
        var values = new List<PlanValue>();
        while (Peek().StartsWith("value"))
            values.Add(ReadValue());
        return face with { Buffers = new(buffers), Values = new(values), Steps = ReadSteps(face.ArenaBytes, 0) };
    }

    // One class has one signature for all entries, and must be able to tell them apart.
    private static void RequireFit(PlanLine line, PlanEntry entry, List<PlanEntry> earlier, PlanClassifier? classifier)
    {
        PlanEntry main = earlier[0];
        RequireSameNames(line, entry, main);
        if (!entry.States.Select(s => (s.OnnxName, s.OutputName, s.PropertyName, s.Type, s.Dimensions, s.Initial))
            .SequenceEqual(main.States.Select(s => (s.OnnxName, s.OutputName, s.PropertyName, s.Type, s.Dimensions, s.Initial))))
            throw line.Contradiction("the state of the main entry", "another one");
        if (earlier.Exists(e => e.Name == entry.Name && (e.Name.Length > 0 || e.LooksLike(entry))))
            throw line.Contradiction("an entry that can be told from the others", "'" + entry.Name + "'");
        if (classifier is not null && entry.Outputs[classifier.Output].Length != classifier.Classes)
            throw line.Contradiction(
                string.Format(CultureInfo.InvariantCulture, "an entry with {0} classes", classifier.Classes),
                entry.Outputs[classifier.Output].Length.ToString(CultureInfo.InvariantCulture));
    }

    private static void RequireSameNames(PlanLine line, PlanEntry entry, PlanEntry main)
    {
        if (!entry.Inputs.Select(i => (i.OnnxName, i.ParameterName, i.Type))
                .SequenceEqual(main.Inputs.Select(i => (i.OnnxName, i.ParameterName, i.Type)))
            || !entry.Outputs.Select(o => (o.OnnxName, o.PropertyName, o.ParameterName, o.Type))
                .SequenceEqual(main.Outputs.Select(o => (o.OnnxName, o.PropertyName, o.ParameterName, o.Type))))
            throw line.Contradiction("the inputs and outputs of the main entry with other dimensions", "other ones");
    }

    // What the entries add to the class can only be known when all of them have been read.
    private void RequireFreeNames(List<PlanEntry> entries)
    {
        IReadOnlyList<string> added = PredictorNames.EntryMembers([.. entries.Select(e => e.Name)]);
        string[] own = [_surroundings.ClassName, .. entries[0].Outputs.Select(o => o.PropertyName)];
        if (own.FirstOrDefault(added.Contains) is { } taken)
            throw Peek().Contradiction("names that the entries' members do not have", "'" + taken + "'");
    }

    private static bool IsEntryName(string name) =>
        Identifiers.IsIdentifier(name) && !PredictorNames.IsReservedMember(PredictorNames.Method(name));

    /// <summary>What the lines before the entries say that these must agree with.</summary>
    /// <param name="ClassName">The generated class's name.</param>
    /// <param name="IsSignature">Whether the plan has signatures only.</param>
    /// <param name="WeightBytes">The length of the weights.</param>
    private sealed record Surroundings(string ClassName, bool IsSignature, int WeightBytes);
}
