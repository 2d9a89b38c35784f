using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Memory over blocks: random programs with conditions and loops run in the planned arena and with memory of its own for every buffer, and
/// every read must find the same.
/// </summary>
public sealed class BlockMemoryTests
{
    [Fact]
    public void ProgramsWithBlocksFindInTheArenaWhatTheyWrote() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Check).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void WhatALoopReadsFromOutsideLivesThroughTheLoopAndHalvesOfAConditionShareMemory()
    {
        var program = new Program(0);
        ArenaBuffer outside = program.Buffer(64);
        outside.IsInput = true;
        ArenaBuffer condition = program.Buffer(64);
        condition.IsInput = true;
        ArenaBuffer[] inner = [.. Enumerable.Range(0, 4).Select(_ => program.Buffer(1024))];
        program.Operations.Add(BlockBoundary.Loop("loop", "", 2, null, null, null));
        program.Operations.Add(Program.Step([outside], [inner[0]]));
        program.Operations.Add(Program.Step([inner[0]], [inner[1]]));
        program.Operations.Add(BlockBoundary.EndLoop(null));
        program.Operations.Add(BlockBoundary.If("if", "", Program.Dense(condition)));
        program.Operations.Add(Program.Step([], [inner[2]]));
        program.Operations.Add(BlockBoundary.Else());
        program.Operations.Add(Program.Step([], [inner[3]]));
        program.Operations.Add(BlockBoundary.EndIf());
        MemoryPlan plan = MemoryPlanner.Plan(program.Buffers, program.Operations);
        Assert.Equal((-1, 3), Life(outside));
        Assert.Equal((1, 2), Life(inner[0]));
        Assert.Equal(Place(inner[2]), Place(inner[3]));
        Assert.Equal(2048 + 128, plan.ArenaBytes);

        (int, int) Life(ArenaBuffer buffer) => plan.Buffers.Where(b => b.Buffer == buffer).Select(b => (b.First, b.Last)).Single();
        int Place(ArenaBuffer buffer) => plan.Buffers.Single(b => b.Buffer == buffer).Offset;
    }

    [Fact]
    public void ABufferThatIsInUseDuringAPartOfALoopOnlyIsADefect()
    {
        PlanBuffer before = new("x", 0, 64, 0, 3, "");
        Assert.Equal(before, PlanVerifier.HalfInside([before], 1, 5));
        Assert.Null(PlanVerifier.HalfInside([before with { LastStep = 5 }], 1, 5));
        Assert.Null(PlanVerifier.HalfInside([before with { FirstStep = 2 }], 1, 5));
        Assert.NotNull(PlanVerifier.HalfInside([before with { FirstStep = 2, LastStep = 7 }], 1, 5));
        Assert.Null(PlanVerifier.HalfInside([before with { LastStep = 0 }], 1, 5));
    }

    [Fact]
    public void BoundariesThatDoNotMatchAreADefect()
    {
        var program = new Program(0);
        BlockBoundary begin = BlockBoundary.Loop("loop", "", 2, null, null, null);
        Assert.Throws<InvalidOperationException>(() => StepResolution.Resolve([begin], _ => 0));
        Assert.Throws<InvalidOperationException>(() => StepResolution.Resolve([begin, BlockBoundary.EndIf()], _ => 0));
        Assert.Throws<InvalidOperationException>(() => StepResolution.Resolve([BlockBoundary.EndLoop(null)], _ => 0));
        Assert.IsType<PlanLoop>(Assert.Single(StepResolution.Resolve([begin, BlockBoundary.EndLoop(null)], _ => 0)));
        Assert.Empty(program.Operations);
    }

    private static void Check(int seed)
    {
        var program = new Program(seed);
        program.Fill();
        MemoryPlan plan = MemoryPlanner.Plan(program.Buffers, program.Operations);
        EquatableList<PlanBuffer> placed =
            new(plan.Buffers.Select(b => new PlanBuffer(b.Buffer.Name, b.Offset, b.Buffer.Bytes, b.First, b.Last, b.SharesWith)));
        Assert.Empty(PlanVerifier.Overlaps(placed));
        foreach ((int line, PlanStep step) in PlanSteps.Numbered(StepResolution.Resolve(program.Operations, _ => 0)))
            if (step is PlanLoop loop)
                Assert.Null(PlanVerifier.HalfInside(placed, line, line + loop.Lines - 1));
        new Interpreter(program, plan, seed).Run();
    }

    /// <summary>A random program in which every value is written before it is read, whatever the conditions say.</summary>
    private sealed class Program(int seed)
    {
        private readonly Random _random = new(seed);

        public List<ArenaBuffer> Buffers { get; } = [];

        public List<LoweredOperation> Operations { get; } = [];

        public void Fill()
        {
            var known = new List<ArenaBuffer>();
            for (int i = 0; i < 3; i++)
            {
                known.Add(Buffer(_random.Next(1, 300)));
                known[^1].IsInput = true;
            }
            Sequence(known, 0);
            foreach (ArenaBuffer buffer in known.Where(_ => _random.Next(4) == 0))
                buffer.IsOutput = true;
        }

        public ArenaBuffer Buffer(int bytes)
        {
            Buffers.Add(new ArenaBuffer(Buffers.Count, "b" + Buffers.Count, bytes));
            return Buffers[^1];
        }

        public static LoweredStep Step(IEnumerable<ArenaBuffer> reads, IEnumerable<ArenaBuffer> writes)
        {
            var step = new LoweredStep("K", "M", "n", "", 0);
            foreach (ArenaBuffer buffer in reads)
                step.Read("x", Dense(buffer));
            foreach (ArenaBuffer buffer in writes)
                step.Write("y", Dense(buffer));
            return step;
        }

        public static Storage Dense(ArenaBuffer buffer) => new()
        {
            Buffer = buffer,
            Origin = 0,
            Element = ElementType.UInt8,
            Dimensions = [buffer.Bytes],
            Strides = [1],
        };

        private void Sequence(List<ArenaBuffer> known, int depth)
        {
            for (int i = _random.Next(1, 7); i > 0; i--)
            {
                switch (depth < 3 ? _random.Next(6) : 5)
                {
                    case 0:
                        Operations.Add(BlockBoundary.If("if", "", Dense(Any(known))));
                        List<ArenaBuffer> then = [.. known];
                        Sequence(then, depth + 1);
                        Operations.Add(BlockBoundary.Else());
                        List<ArenaBuffer> otherwise = [.. known];
                        Sequence(otherwise, depth + 1);
                        // What both halves hand on is written last in each.
                        ArenaBuffer result = Buffer(_random.Next(1, 300));
                        Operations.Insert(Operations.FindLastIndex(o => o is BlockBoundary { Kind: BlockBoundaryKind.Else }
                            && DepthAt(o) == depth + 1), Step([Any(then)], [result]));
                        Operations.Add(Step([Any(otherwise)], [result]));
                        Operations.Add(BlockBoundary.EndIf());
                        known.Add(result);
                        break;
                    case 1:
                        Storage? condition = _random.Next(2) == 0 ? Dense(Any(known)) : null;
                        ArenaBuffer iteration = Buffer(8);
                        ArenaBuffer[] carried = [Any(known), Any(known)];
                        Operations.Add(BlockBoundary.Loop("loop", "", 3, Dense(Any(known)), condition, Dense(iteration)));
                        List<ArenaBuffer> body = [.. known, iteration];
                        Sequence(body, depth + 1);
                        foreach (ArenaBuffer buffer in carried)
                            Operations.Add(Step([Any(body)], [buffer]));
                        Operations.Add(BlockBoundary.EndLoop(condition));
                        break;
                    default:
                        ArenaBuffer input = Any(known);
                        ArenaBuffer output = Buffer(_random.Next(2) == 0 ? input.Bytes : _random.Next(1, 300));
                        LoweredStep step = Step([input, Any(known)], [output]);
                        if (output.Bytes == input.Bytes)
                            step.MayReuse(Dense(output), Dense(input));
                        Operations.Add(step);
                        known.Add(output);
                        break;
                }
            }
        }

        private int DepthAt(LoweredOperation operation)
        {
            int depth = 0;
            foreach (LoweredOperation o in Operations)
            {
                if (ReferenceEquals(o, operation))
                    break;
                depth += o is not BlockBoundary boundary ? 0
                    : boundary.Kind is BlockBoundaryKind.If or BlockBoundaryKind.Loop ? 1
                    : boundary.Kind is BlockBoundaryKind.EndIf or BlockBoundaryKind.EndLoop ? -1 : 0;
            }
            return depth;
        }

        private ArenaBuffer Any(List<ArenaBuffer> known) => known[_random.Next(known.Count)];
    }

    /// <summary>Runs a program: a write fills a buffer with a new number, a read compares it with what was written.</summary>
    private sealed class Interpreter(Program program, MemoryPlan plan, int seed)
    {
        private readonly Random _random = new(seed + 1);
        private readonly long[] _arena = new long[(plan.ArenaBytes / MemoryPlanner.Alignment) + 1];
        private readonly Dictionary<ArenaBuffer, long> _right = [];
        private readonly Dictionary<ArenaBuffer, int> _offsets = plan.Buffers.ToDictionary(b => b.Buffer, b => b.Offset);
        private long _number;

        public void Run()
        {
            foreach (ArenaBuffer buffer in program.Buffers.Where(b => b.IsInput))
                Write(buffer);
            Assert.Equal(program.Operations.Count, Execute(0));
            foreach (ArenaBuffer buffer in program.Buffers.Where(b => b.IsOutput))
                Read(buffer);
        }

        // Runs up to the line that ends the block around.
        private int Execute(int line)
        {
            while (line < program.Operations.Count)
            {
                LoweredOperation operation = program.Operations[line];
                if (operation is BlockBoundary { Kind: BlockBoundaryKind.Else or BlockBoundaryKind.EndIf or BlockBoundaryKind.EndLoop })
                    return line;
                foreach (ArenaBuffer buffer in operation.Reads)
                    Read(buffer);
                if (operation is BlockBoundary { Kind: BlockBoundaryKind.If })
                {
                    int middle = End(line);
                    int end = End(middle);
                    Execute(_random.Next(2) == 0 ? line + 1 : middle + 1);
                    line = end + 1;
                }
                else if (operation is BlockBoundary { Kind: BlockBoundaryKind.Loop })
                {
                    int end = End(line);
                    for (int trips = _random.Next(4); trips > 0; trips--)
                    {
                        foreach (ArenaBuffer buffer in operation.Writes)
                            Write(buffer);
                        Execute(line + 1);
                        foreach (ArenaBuffer buffer in program.Operations[end].Reads)
                            Read(buffer);
                    }
                    line = end + 1;
                }
                else
                {
                    foreach (ArenaBuffer buffer in operation.Writes)
                        Write(buffer);
                    line++;
                }
            }
            return line;
        }

        private int End(int line)
        {
            int depth = 0;
            while (true)
            {
                line++;
                if (program.Operations[line] is not BlockBoundary boundary)
                    continue;
                if (boundary.Kind is BlockBoundaryKind.If or BlockBoundaryKind.Loop)
                    depth++;
                else if (depth == 0)
                    return line;
                else if (boundary.Kind is not BlockBoundaryKind.Else)
                    depth--;
            }
        }

        private void Write(ArenaBuffer buffer)
        {
            if (!_offsets.ContainsKey(buffer))
                return;
            _right[buffer] = ++_number;
            Cells(buffer).Fill(_number);
        }

        private void Read(ArenaBuffer buffer)
        {
            if (_right.TryGetValue(buffer, out long right))
                foreach (long cell in Cells(buffer))
                    Assert.True(cell == right, $"{buffer.Name} was overwritten (seed {seed})");
        }

        private Span<long> Cells(ArenaBuffer buffer) => _arena.AsSpan(
            _offsets[buffer] / MemoryPlanner.Alignment, (buffer.Bytes + MemoryPlanner.Alignment - 1) / MemoryPlanner.Alignment);
    }
}
