using System.Runtime.InteropServices;
using OptimizerBuild.Build;
using OptimizerBuild.Caching;
using OptimizerBuild.Fuzz.Running;
using OptimizerBuild.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>
/// A cache of three entries that something damages. An input is a list of deeds of six bytes: what is done, to which entry, to which of its
/// files, where (two bytes), and with what. Whatever is done, an entry is found as it was kept or not at all, and can be made again.
/// </summary>
internal sealed class CacheTarget() : FuzzTarget("cache", ".bin")
{
    private const int DeedBytes = 6;
    private const int Deeds = 14;

    private static readonly string[] Keys = [.. "abc".Select(c => new string(c, 64))];

    private readonly ModelOutputs[] _outputs = [.. Enumerable.Range(0, Keys.Length).Select(OutputsOf)];

    /// <inheritdoc/>
    public override int LongestInput => 8 * DeedBytes;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds() => Enumerable.Range(0, Deeds).SelectMany(deed => (byte[][])
        [[(byte)deed, 0, 1, 0, 7, 1], [(byte)deed, 1, 0, 0, 0, 0], [(byte)deed, 2, 5, 1, 0, 255]]);

    /// <inheritdoc/>
    public override byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        byte[] deed = [(byte)random.Next(Deeds), (byte)random.Next(Keys.Length), (byte)random.Next(6), (byte)random.Next(8),
            (byte)random.Next(256), (byte)random.Next(256)];
        return random.Next(4) switch
        {
            0 => [.. input, .. deed],
            1 when input.Length > DeedBytes => input[DeedBytes..],
            2 => deed,
            _ => ByteMutation.Of(input, others, random),
        };
    }

    /// <inheritdoc/>
    public override Verdict Check(byte[] input, CancellationToken cancellation)
    {
        using var folder = new TemporaryFolder();
        string root = Path.Combine(folder.Path, "cache");
        var cache = new ModelCache(root, 1 << 20);
        for (int i = 0; i < Keys.Length; i++)
            cache.Add(Keys[i], _outputs[i]);
        foreach (byte[] deed in input.Chunk(DeedBytes).Where(d => d.Length == DeedBytes))
            Do(root, deed);

        string shape = "";
        for (int i = 0; i < Keys.Length; i++)
        {
            ModelOutputs? found = cache.Find(Keys[i], out bool damaged);
            if (found is not null && !AreSame(found, _outputs[i]))
                throw new ContractException($"entry {i} is believed, but is not what was kept");
            shape += found is not null ? "found " : damaged ? "damaged " : "missing ";
            using (IDisposable? claim = cache.Claim(Keys[i], cancellation))
            {
                if (found is null)
                    cache.Add(Keys[i], _outputs[i]);
            }
            ModelOutputs? again = cache.Find(Keys[i], out _);
            if (again is not null && !AreSame(again, _outputs[i]))
                throw new ContractException($"entry {i} was made again and is not what was kept");
            if (again is null && Directory.Exists(root))
                throw new ContractException($"entry {i} cannot be made again");
        }
        return new(true, shape);
    }

    private static void Do(string root, byte[] deed)
    {
        int place = (deed[3] << 8) | deed[4];
        string entry = Path.Combine(root, Keys[deed[1] % Keys.Length]), other = Path.Combine(root, Keys[(deed[1] + 1) % Keys.Length]);
        if (!Directory.Exists(entry))
            return;
        string[] files = [.. Directory.GetFileSystemEntries(entry).Where(f => File.Exists(f)).Order(StringComparer.Ordinal)];
        if (files.Length == 0)
            return;
        string file = files[deed[2] % files.Length];
        var info = new FileInfo(file);
        bool isPlain = info.LinkTarget is null && info.Length > 0;
        switch (deed[0] % Deeds)
        {
            case 0 when isPlain:
                Change(file, b => b[place % b.Length] ^= (byte)(1 << (deed[5] % 8)));
                break;
            case 1 when isPlain:
                Change(file, b => b[place % b.Length] = deed[5]);
                break;
            case 2 when isPlain:
                File.WriteAllBytes(file, File.ReadAllBytes(file)[..(place % (int)info.Length)]);
                break;
            case 3 when isPlain:
                File.AppendAllText(file, new string((char)deed[5], 1 + (place % 100)));
                break;
            case 4:
                File.Delete(file);
                break;
            case 5 when new FileInfo(Path.Combine(other, Path.GetFileName(file))) is { Exists: true, LinkTarget: null, Length: > 0 }:
                File.Copy(Path.Combine(other, Path.GetFileName(file)), file + "~", overwrite: true);
                File.Move(file + "~", file, overwrite: true);
                break;
            case 6:
                File.Move(file, files[deed[5] % files.Length], overwrite: true);
                break;
            case 7:
                string[] names = ["model.more", "x", ".digest", "model", "model.PLAN", "modelx.plan", "m"];
                File.WriteAllText(Path.Combine(entry, names[deed[5] % names.Length]), "more");
                break;
            case 8 when Directory.Exists(other):
                Directory.Move(entry, entry + "-");
                Directory.Move(other, entry);
                Directory.Move(entry + "-", other);
                break;
            case 9:
                File.Delete(file);
                Directory.CreateDirectory(Path.Combine(file, "inside"));
                break;
            case 10:
                Directory.Delete(entry, recursive: true);
                File.WriteAllText(entry, "a file");
                break;
            case 11 when isPlain:
                File.WriteAllBytes(file, []);
                break;
            case 12 when !OperatingSystem.IsWindows():
                File.Delete(file);
                File.CreateSymbolicLink(file, deed[5] % 2 == 0 ? "/dev/zero" : "nowhere");
                break;
            case 13 when !OperatingSystem.IsWindows():
                File.Delete(file);
                if (MakePipe(file, 0x1A4) != 0)
                    throw new IOException("no pipe could be made");
                break;
        }
    }

    private static void Change(string file, Action<byte[]> change)
    {
        byte[] bytes = File.ReadAllBytes(file);
        change(bytes);
        File.WriteAllBytes(file, bytes);
    }

    private static bool AreSame(ModelOutputs a, ModelOutputs b) => a.Files.Count() == b.Files.Count()
        && a.Files.Zip(b.Files).All(p =>
            p.First.Extension == p.Second.Extension && p.First.Content.AsSpan().SequenceEqual(p.Second.Content));

    private static ModelOutputs OutputsOf(int entry)
    {
        CompilationOutcome outcome = SmallOutcome.Of(new ModelOptions
        {
            ModelPath = Path.GetFullPath("m.onnx"), Name = "m" + entry, ClassName = "M", ExportOnnx = entry == 1,
        });
        return new(PlanWriter.Write(outcome.Plan), outcome.Weights, ModelReport.Of(outcome).ToJson(),
            entry == 2 ? new ExternalFile("w.bin", new string('0', 64)).Line : "", outcome.QdqModel);
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);
}
